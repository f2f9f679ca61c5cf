import { expect, test } from "vitest";
import { formatOverride, isCreated } from "./one-off.js";

test("variables of a one-off container are added to its service, and none of their text is interpolated", () => {
  const env = { A: "1", B: '"$HOME" $C $$', EMPTY: "" };
  expect(JSON.parse(formatOverride({ service: "web", env }, "0a"))).toEqual({
    services: {
      web: { environment: { A: "1", B: '"$$HOME" $$C $$$$', EMPTY: "" }, configs: ["zzzz-not-started-0a"] },
    },
    configs: { "zzzz-not-started-0a": { environment: "not_set_0a" } },
  });
});

test.each([
  [true, "2.26.1", 'environment variable "not_set_0a" required by file "p_zzzz-not-started-0a" is not set\r\n'],
  [true, "5.5.0", 'environment variable "not_set_0a" required by config "p_zzzz-not-started-0a" is not set'],
  [false, "a variable of the stack's own", 'environment variable "TOKEN" required by secret "p_token" is not set'],
  [
    false,
    "one that knows no such configs",
    "configs.zzzz-not-started-0a Additional property environment is not allowed",
  ],
])("that the container is created, not started, is %s by the words of compose: %s", (wanted, _of, output) => {
  expect(isCreated(output, "0a")).toBe(wanted);
});
