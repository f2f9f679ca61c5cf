import { expect, test } from "vitest";
import { isOlder } from "./api-version.js";

test.each([
  ["1.40", "1.41", true],
  ["1.9", "1.41", true],
  ["1.41", "1.41", false],
  ["1.100", "1.41", false],
  ["2.0", "1.41", false],
])("whether %s is older than %s: %j", (version, than, expected) => {
  expect(isOlder(version, than)).toBe(expected);
});
