import { expect, test } from "vitest";
import { protectInstructionHelp } from "./run-arguments.js";

test.each([
  [
    ["run", "smoke", "--times", "3", "--help"],
    ["run", "smoke", "--times", "3", "--", "--help"],
  ],
  [
    ["--lab", "run", "run", "--repo", "a", "smoke", "-h"],
    ["--lab", "run", "run", "--repo", "a", "smoke", "--", "-h"],
  ],
  [
    ["run", "--help"],
    ["run", "--help"],
  ],
  [
    ["run", "smoke", "--", "--help"],
    ["run", "smoke", "--", "--help"],
  ],
  [
    ["docker", "up", "--help"],
    ["docker", "up", "--help"],
  ],
])("%j is read as %j", (argv, expected) => {
  expect(protectInstructionHelp(argv, (flag) => ["--lab", "--repo"].includes(flag))).toEqual(expected);
});
