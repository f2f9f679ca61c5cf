import { expect, test } from "vitest";
import { hasColor, isShown, toGlobalOptions } from "./global-options.js";

test.each([
  [{}, {}, undefined],
  [{ lab: "a" }, { OTTO_LAB: "b" }, "a"],
  [{}, { OTTO_LAB: "b" }, "b"],
  [{}, { OTTO_LAB: "" }, undefined],
])("options %j in %j name the lab %s", (raw, env, lab) => {
  expect(toGlobalOptions(raw, env).lab).toBe(lab);
});

test.each([
  [{}, "info"],
  [{ quiet: true }, "error"],
  [{ quiet: true, logLevel: "debug" as const }, "debug"],
])("options %j tell from %s on", (raw, logLevel) => {
  expect(toGlobalOptions(raw, {}).logLevel).toBe(logLevel);
});

test("a level shows itself and what is graver", () => {
  expect([isShown("debug", "info"), isShown("info", "info"), isShown("error", "info")]).toEqual([false, true, true]);
});

test.each([
  [true, {}, true, true],
  [true, {}, false, false],
  [true, { NO_COLOR: "1" }, true, false],
  [true, { FORCE_COLOR: "1" }, false, true],
  [true, { FORCE_COLOR: "0" }, true, false],
  [true, { TERM: "dumb" }, true, false],
  [false, { FORCE_COLOR: "1" }, true, false],
])("--color %s, %j, terminal %s: colour %s", (color, env, isTerminal, expected) => {
  expect(hasColor(toGlobalOptions({ color }, env), env, isTerminal)).toBe(expected);
});
