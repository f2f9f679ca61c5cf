import type { ContainerSummary } from "@otto/engine";
import { expect, test } from "vitest";
import { toRow } from "./container-rows.js";

const summary = {
  Id: "0123456789abcdef",
  Names: ["/a"],
  Image: "i",
  Created: 0,
  State: "running",
  Status: "Up 1 second",
  Ports: [],
  Labels: {},
  NetworkSettings: { Networks: {} },
  Mounts: [],
} as unknown as ContainerSummary;

// Read off `docker ps --no-trunc` of 26.1.
test.each([
  [`sh -c 'echo "é" x'`, `"sh -c 'echo \\"é\\" x'"`],
  ["a\nb\tc\\d", `"a\\nb\\tc\\\\d"`],
  ["\u0001\u0007\u000b\u001b\u007f", `"\\x01\\a\\v\\x1b\\x7f"`],
  ["\\u0007", `"\\\\u0007"`],
])("the command %j is quoted as docker ps does", (Command, quoted) => {
  expect(toRow({ ...summary, Command }).Command).toBe(quoted);
});
