import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { applyAlgorithmList } from "./algorithm-list.js";

const run = promisify(execFile);

/** The list that `ssh` makes of an option, or of none. */
async function askClient(option: string, list?: string): Promise<readonly string[]> {
  const given = list === undefined ? [] : ["-o", `${option}=${list}`];
  const asking = run("ssh", ["-F", "none", "-G", ...given, "localhost"]);
  asking.child.stdin?.end();
  const found = new RegExp(`^${option} (.*)$`, "im").exec((await asking).stdout);
  return (found?.[1] ?? "").split(",").filter((name) => name !== "");
}

async function listAll(option: string): Promise<readonly string[]> {
  const { stdout } = await run("ssh", ["-Q", option]);
  return stdout.trim().split("\n");
}

test.concurrent.each([
  ["Ciphers", "aes256-ctr"],
  ["Ciphers", "aes256-ctr,aes128-ctr,aes256-ctr"],
  ["Ciphers", "+3des-cbc,aes128-ctr"],
  ["Ciphers", "^aes256-cbc,aes128-ctr"],
  ["Ciphers", "-aes128-ctr,chacha20-poly1305@openssh.com"],
  ["Ciphers", "-aes???-ctr"],
  ["Ciphers", "-aes*,!aes128-ctr"],
  ["Ciphers", "-*"],
  ["MACs", "hmac-sha2-512,hmac-sha2-256-etm@openssh.com"],
  ["MACs", "-umac*,*etm@openssh.com"],
  ["KexAlgorithms", "^diffie-hellman-group14-sha1"],
  ["KexAlgorithms", "-sntrup*,ecdh*"],
  ["HostKeyAlgorithms", "ssh-rsa"],
  ["HostKeyAlgorithms", "rsa-*,ssh-ed25519"],
  ["HostKeyAlgorithms", "+ssh-rsa"],
  ["HostKeyAlgorithms", "^*-nistp*"],
  ["PubkeyAcceptedAlgorithms", "*-cert-v01@openssh.com"],
  ["PubkeyAcceptedAlgorithms", "-ssh-rsa*,*ecdsa*"],
])("%s %s is what ssh makes of it", async (option, list) => {
  const [defaults, supported, expected] = await Promise.all([
    askClient(option),
    listAll(option),
    askClient(option, list),
  ]);
  expect(applyAlgorithmList(list, { defaults, supported })).toEqual(expected);
});

test("names that are not known are passed over, and a list of them alone leaves nothing", () => {
  const known = { defaults: ["a", "b"], supported: ["a", "b", "c"] };
  expect(applyAlgorithmList("new@example,c", known)).toEqual(["c"]);
  expect(applyAlgorithmList("+new@example", known)).toEqual(["a", "b"]);
  expect(applyAlgorithmList("new@example", known)).toEqual([]);
});
