import { expect, test } from "vitest";
import { findBaseImages } from "./base-images.js";

test.each([
  ["FROM r.example/a:1\nFROM --platform=linux/arm64 b AS c\nFROM C\nCOPY --from=c /x /\n", ["r.example/a:1", "b"]],
  ["FROM scratch\nCOPY --chmod=644 --from=r.example/a /x /\nCOPY --from=0 /y /\nCOPY z /\n", ["r.example/a"]],
  [`ARG HOST=r.example TAG\nARG NAME="$HOST/a"\nFROM \${NAME}:\${TAG:-2}\n`, ["r.example/a:2"]],
  ["ARG BASE=a\nFROM $BASE\nARG BASE=b\n", ["given"]],
  ["FROM $UNKNOWN/a\n", []],
])("%j takes %j", (dockerfile, images) => {
  expect(findBaseImages(dockerfile, { BASE: "given" })).toEqual(images);
});
