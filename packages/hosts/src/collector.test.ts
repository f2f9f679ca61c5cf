import { PassThrough } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { Collector } from "./collector.js";

test("a stream that breaks says so, and keeps what had come", async () => {
  const stream = new PassThrough();
  const collector = new Collector(stream);
  stream.write("some");
  await setImmediate();
  stream.destroy(new Error("cut"));
  await expect(collector.finished()).rejects.toThrow("cut");
  expect(collector.bytes.toString()).toBe("some");
});

test("a stream that was broken before says so", async () => {
  const stream = new PassThrough().on("error", () => {}).destroy(new Error("cut"));
  await setImmediate();
  await expect(new Collector(stream).finished()).rejects.toThrow("cut");
});
