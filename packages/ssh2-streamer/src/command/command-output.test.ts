import { PassThrough } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { Collector, OutputBudget } from "./command-output.js";

function budget(maxBytes?: number, onSpent = () => {}) {
  return new OutputBudget({ maxBytes, label: "a command", onSpent });
}

test("a stream that breaks says so, and keeps what had come", async () => {
  const stream = new PassThrough();
  const collector = new Collector(stream, budget());
  stream.write("some");
  await setImmediate();
  stream.destroy(new Error("cut"));
  await expect(collector.finished()).rejects.toThrow("cut");
  expect(collector.bytes.toString()).toBe("some");
});

test("a stream that was broken before says so", async () => {
  const stream = new PassThrough().on("error", () => {}).destroy(new Error("cut"));
  await setImmediate();
  await expect(new Collector(stream, budget()).finished()).rejects.toThrow("cut");
});

test("two streams share one budget; what comes when it is spent is not kept, and it is told once", async () => {
  const errors: unknown[] = [];
  const shared = new OutputBudget({ maxBytes: 5, label: "ls on a", onSpent: (error) => errors.push(error) });
  const streams = [new PassThrough(), new PassThrough()] as const;
  const collectors = streams.map((stream) => new Collector(stream, shared));
  for (const text of ["ab", "cd", "ef"]) {
    for (const stream of streams) stream.write(text);
    await setImmediate();
  }
  expect(collectors.map(({ bytes }) => bytes.toString())).toEqual(["", ""]);
  expect(errors).toMatchObject([{ code: "COMMAND_OUTPUT_LIMIT", details: { maxBytes: 5 } }]);
});
