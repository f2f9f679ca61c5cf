import { once } from "node:events";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { SizedOutput } from "./sized-output.js";

test("without a size it ends when its source does", async () => {
  const output = new SizedOutput();
  output.write("all");
  output.end();
  expect(await text(output)).toBe("all");
});

test.each<[string, (output: SizedOutput) => void]>([
  ["before what is counted has come", (output) => [output.endAt(5), output.write("one"), output.write("23")]],
  ["when it has come", (output) => [output.write("one23"), output.endAt(5)]],
  ["of nothing at all", (output) => output.endAt(0)],
])("a size that is told %s ends it while its source goes on", async (_, use) => {
  const output = new SizedOutput();
  use(output);
  const ended = once(output, "end");
  output.resume();
  await ended;
  expect(output.writableEnded).toBe(false);
});
