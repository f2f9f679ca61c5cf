import { expect, test } from "vitest";
import { findCauses, findCodes } from "./error-codes.js";

test("codes are the words AREA_WHAT in double quotes, not environment variables", () => {
  expect(findCodes('new OttoError("SSH_AUTH_FAILED", `x`); env("SSH_AUTH_SOCK", "DOCKER_HOST"); "A"')).toEqual([
    "SSH_AUTH_FAILED",
  ]);
  expect(findCodes('"DOCKER_CONFIG" "DOCKER_CONFIG_INVALID" "LAB_INVALID" "LAB_INVALID"')).toEqual([
    "DOCKER_CONFIG_INVALID",
    "LAB_INVALID",
  ]);
});

test("a row's first cell names codes, its second says when they come", () => {
  const causes = findCauses(
    "| code | when |\n| --- | --- |\n| `A_B`, `A_C` | never |\n| `A_D` | always, with `E_F` |\n",
  );
  expect([...causes]).toEqual([
    ["A_B", "never"],
    ["A_C", "never"],
    ["A_D", "always, with `E_F`"],
  ]);
});
