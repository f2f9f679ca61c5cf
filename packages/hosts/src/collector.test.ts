import { PassThrough } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { Collector } from "./collector.js";

test("a stream that breaks keeps what had come", async () => {
  const stream = new PassThrough();
  const collector = new Collector(stream);
  stream.write("some");
  await setImmediate();
  stream.destroy(new Error("cut"));
  expect((await collector.finished()).toString()).toBe("some");
});

test("a stream that was broken before is over", async () => {
  const stream = new PassThrough().on("error", () => {}).destroy(new Error("cut"));
  await setImmediate();
  expect(await new Collector(stream).finished()).toHaveLength(0);
});
