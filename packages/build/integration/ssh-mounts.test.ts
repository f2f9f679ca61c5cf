import { execFile } from "node:child_process";
import { cp } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { build, createShellRepo, layProgram, parent } from "./local-build.js";

const execute = promisify(execFile);
afterAll(() => parent[Symbol.asyncDispose]());

const makeKey = (path: string, ...options: string[]) =>
  execute("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path, ...options]).then(() => undefined);

/** What ssh-keygen verifies is signed by the agent: the step has no more of the key than its public half. */
const sign = `RUN --mount=type=ssh echo text >/f && ssh-keygen -Y sign -f /id.pub -n otto /f \\
  && ssh-keygen -Y check-novalidate -n otto -s /f.sig </f\n`;

async function createSigningRepo(settings: string) {
  const repo = await createShellRepo(sign, settings);
  await layProgram("/usr/bin/ssh-keygen", join(repo.root, "context/root"));
  await repo.write("context/root/etc/passwd", "root:x:0:0::/:/bin/sh\n");
  return repo;
}

test.concurrent.each([
  ["ed25519", []],
  ["ecdsa", ["-b", "256"]],
  ["ecdsa", ["-b", "521"]],
  ["rsa", ["-b", "2048"]],
  ["rsa", ["-b", "2048", "-m", "PEM"]],
])("a step signs with a key file of %s %j, relative to the repo", async (type, options) => {
  await using repo = await createSigningRepo(`ssh = ["default=other,id"]\n`);
  const key = join(repo.root, "id");
  await Promise.all([makeKey(key, "-t", type, ...options), makeKey(join(repo.root, "other"))]);
  await cp(`${key}.pub`, join(repo.root, "context/root/id.pub"));
  const { result } = await build(await repo.load());
  expect(result).toMatchObject({ status: "success" });
});

test.concurrent.each([
  ["that is not there", "default=absent", {}, "absent: no such file"],
  ["that is no key", "default=.otto/settings.toml", {}, "settings.toml: "],
  ["that wants a passphrase", "default=locked", {}, "locked: Encrypted"],
  ["beside a key", "default=id,socket", {}, "socket is a socket, which stands alone"],
  ["on which nobody listens", "default", { SSH_AUTH_SOCK: "/nowhere/agent" }, "/nowhere/agent: no such file"],
])("a source %s fails before anything is sent", async (_, mount, env, reason) => {
  await using repo = await createShellRepo("RUN --mount=type=ssh true\n", `ssh = ["${mount}"]\n`);
  await makeKey(join(repo.root, "id"));
  await makeKey(join(repo.root, "locked"), "-N", "passphrase");
  const server = createServer().listen(join(repo.root, "socket"));
  try {
    const { result, sentBytes } = await build(await repo.load(), { env });
    expect(result).toMatchObject({ error: { code: "BUILD_SSH_AGENT_MISSING" } });
    expect(result.message).toContain(reason);
    expect(sentBytes).toBeLessThanOrEqual(0);
  } finally {
    server.close();
  }
});

test("a socket that an agent has left behind fails before anything is sent", async () => {
  await using repo = await createShellRepo("RUN --mount=type=ssh true\n", `ssh = ["default"]\n`);
  const socket = join(repo.root, "socket");
  const script = `require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))`;
  await execute(process.execPath, ["-e", script, socket]).catch(() => undefined);
  const { result } = await build(await repo.load(), { env: { SSH_AUTH_SOCK: socket } });
  expect(result).toMatchObject({ error: { code: "BUILD_SSH_AGENT_MISSING" } });
  expect(result.message).toContain("ECONNREFUSED");
});
