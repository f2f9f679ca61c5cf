import { expect, test } from "vitest";
import { parseShmSize } from "./shm-size.js";

test.each([
  ["64", 64],
  ["64b", 64],
  ["2k", 2048],
  ["128m", 134_217_728],
  ["1G", 1_073_741_824],
  ["1gb", 1_073_741_824],
])("%s is %i bytes", (text, bytes) => {
  expect(parseShmSize(text)).toBe(bytes);
});

test.each(["", "m", "-1", "1.5m", "12 apples"])("%j is no size", (text) => {
  expect(() => parseShmSize(text)).toThrow(expect.objectContaining({ code: "BUILD_SHM_SIZE_INVALID" }));
});
