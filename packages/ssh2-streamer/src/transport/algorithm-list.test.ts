import { expect, test } from "vitest";
import { limitHostKeyAlgorithms } from "./algorithm-list.js";

const ordered = ["ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256"];

test.each<[string | undefined, readonly string[]]>([
  [undefined, ordered],
  ["rsa-sha2-256,ssh-ed25519", ["ssh-ed25519", "rsa-sha2-256"]],
  ["ssh-rsa", ["ssh-rsa"]],
  ["+ssh-rsa", [...ordered, "ssh-rsa"]],
  ["^ssh-rsa", ["ssh-rsa", ...ordered]],
  ["-rsa-*", ["ssh-ed25519"]],
  ["-*", []],
  ["ssh-ed25519-cert-v01@openssh.com,ssh-ed25519", ["ssh-ed25519"]],
])("of a host's keys, %s leaves %j", (list, left) => {
  expect(limitHostKeyAlgorithms(ordered, list)).toEqual(left);
});
