import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { watchSignals } from "./interruption.js";

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("the first %s aborts, any second one forces with exit code %i", (name, exitCode) => {
  const source = new EventEmitter();
  const forced: number[] = [];
  using interruption = watchSignals(source, (code) => forced.push(code));
  expect([interruption.signal.aborted, interruption.exitCode]).toEqual([false, undefined]);
  source.emit(name);
  expect([interruption.signal.aborted, interruption.exitCode, forced]).toEqual([true, exitCode, []]);
  source.emit("SIGTERM");
  expect(forced).toEqual([exitCode]);
});

test("nothing listens after the end", () => {
  const source = new EventEmitter();
  watchSignals(source, () => {})[Symbol.dispose]();
  expect(source.eventNames()).toEqual([]);
});
