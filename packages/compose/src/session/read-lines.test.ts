import { PassThrough } from "node:stream";
import { finished } from "node:stream/promises";
import { expect, test } from "vitest";
import { readLines } from "./read-lines.js";

test("lines come whole, however they are cut; a line that does not end takes no more than 64 Ki characters", async () => {
  const stream = new PassThrough();
  const lines: string[] = [];
  readLines(stream, (line) => lines.push(line));
  for (const part of ["one\ntw", "o\n", ...Array(100).fill("x".repeat(10_000)), "\nlast\n"]) stream.write(part);
  stream.end();
  await finished(stream);
  expect(lines.map((line) => (line.length > 10 ? line.length : line))).toEqual(["one", "two", 1 << 16, "last"]);
});
