import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { addKnownHost, readKnownHosts } from "./known-hosts-file.js";

const type = Buffer.from("ssh-ed25519");
const key = Buffer.concat([Buffer.from([0, 0, 0, type.length]), type, Buffer.alloc(36)]);

test("/dev/null takes keys and has none", async () => {
  await addKnownHost("/dev/null", "box", key);
  expect(await readKnownHosts("/dev/null")).toEqual([]);
});

test("a name that would speak for other hosts is not recorded", async () => {
  const directory = await mkdtemp(join(tmpdir(), "otto-known-hosts-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const file = join(directory, "known_hosts");
  for (const name of ["*", "a,github.com", "git?ub.com", "!a", "a b", "#a", "@revoked", "|1|a|b"]) {
    await expect(addKnownHost(file, name, key)).rejects.toMatchObject({ code: "SSH_KNOWN_HOSTS_UNWRITABLE" });
  }
  expect(await readKnownHosts(file)).toEqual([]);
  for (const name of ["10.0.0.7", "[fe80::1%eth0]:2222", "my_host.example"]) await addKnownHost(file, name, key);
  expect((await readFile(file, "utf8")).split("\n")).toHaveLength(4);
});
