import { expect, test } from "vitest";
import { findBaseImages, findReachedImages } from "./base-images.js";

test.each([
  ["FROM r.example/a:1\nFROM --platform=linux/arm64 b AS c\nFROM C\nCOPY --from=c /x /\n", ["r.example/a:1", "b"]],
  ["FROM scratch\nCOPY --chmod=644 --from=r.example/a /x /\nCOPY --from=0 /y /\nCOPY z /\n", ["r.example/a"]],
  [`ARG HOST=r.example TAG\nARG NAME="$HOST/a"\nFROM \${NAME}:\${TAG:-2}\n`, ["r.example/a:2"]],
  ["ARG BASE=a\nFROM $BASE\nARG BASE=b\n", ["given"]],
  [`FROM $UNKNOWN/a\nCOPY --from=\${UNKNOWN} a b\n`, []],
  ["FROM r.example/a-$TARGETARCH\n", ["r.example/a-"]],
  ["# syntax=r.example/frontend:1\n# escape=`\nFROM a\n", ["r.example/frontend:1", "a"]],
  ["#!/usr/bin/env x\n# syntax = f\nFROM a\n", ["f", "a"]],
  ["# a comment\n# syntax=not\nFROM a\n", ["a"]],
  [
    "FROM a AS tools\nRUN --mount=type=cache,target=/c --mount=target=/t,from=r.example/t,type=bind --mount=from=tools x --from=no\n",
    ["a", "r.example/t"],
  ],
  [`ARG A\nARG B=r.example\nFROM \${A:-\${B}/a}\${A:+no}\${B:+:1}\n`, ["r.example/a:1"]],
  ['ARG A="x$A$A"\nFROM $A\n', ["x"]],
  ["ARG constructor\nARG toString=b\nFROM a$constructor-$toString\n", ["a-b"]],
  [`ARG A=${"x".repeat(1600)}\nARG B=$A$A\nARG C=$B$B\nFROM $C\n`, []],
])("%j takes %j", (dockerfile, images) => {
  expect(findBaseImages(dockerfile, { buildArgs: { BASE: "given" } })).toEqual(images);
});

const stages = `FROM a AS one
FROM b AS two
COPY --from=One /x /
FROM c AS three
RUN --mount=from=0,target=/t true
COPY --from=d /x /
FROM two
`;

test.each([
  [undefined, ["a", "b"]],
  ["one", ["a"]],
  ["Three", ["a", "c", "d"]],
  ["2", ["a", "c", "d"]],
  ["none", ["a", "b", "c", "d"]],
])("the target %s reaches %j", (target, images) => {
  expect(findReachedImages(stages, { buildArgs: {}, target })).toEqual(images);
});
