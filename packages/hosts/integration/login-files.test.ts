import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Secret } from "@otto/errors";
import { createSshParent, type Parent } from "@otto/hosts";
import { type Lab, startLab } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listTree, makeFiles } from "./file-trees.js";

const execute = promisify(execFile);
let lab: Lab<"box">;
let parent: Parent;
let directory: string;

// A login that is not root: the lab makes a user where it needs a password.
beforeAll(async () => {
  lab = await startLab({ hosts: { box: { authentication: ["password"] } } });
  const { address, port, user, password = "", fingerprint, docker: declared } = lab.hosts.box;
  const credentials = [{ username: user, password: new Secret(password) }] as const;
  const route = [{ name: "box", host: address, port, credentials, hostKey: { pin: fingerprint } }] as const;
  const docker = { command: declared.command, stagingRoot: undefined };
  parent = createSshParent({ id: "box", route, docker, socketPath: declared.socketPath });
  directory = await mkdtemp(join(tmpdir(), "otto-login-"));
  await mkdir(join(directory, "theirs"));
  await execute("chown", [user, join(directory, "theirs")]);
  await chmod(directory, 0o755);
});

afterAll(async () => {
  await parent[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

test("directories that may not be written to go to a login that is not root, and belong to it", async () => {
  await makeFiles(join(directory, "tree"), { "locked/in/f": "F", g: "G" });
  for (const path of ["tree/locked/in", "tree/locked"]) await chmod(join(directory, path), 0o555);
  await parent.put(`${directory}/tree/.`, `${directory}/theirs`);
  const [, ...sent] = await listTree(join(directory, "tree"));
  const [, ...there] = await listTree(join(directory, "theirs"));
  expect(there).toEqual(sent);
  const { stdout } = await parent.exec(["find", `${directory}/theirs`, "!", "-user", lab.hosts.box.user]);
  expect(stdout.toString()).toBe("");
});

test("relative paths start where logins do", async () => {
  await makeFiles(directory, { f: "F" });
  await parent.put(`${directory}/f`, "from-here/");
  expect((await parent.exec(["cat", "from-here/f"])).stdout.toString()).toBe("F");
});

test("a place that the login may not write to is told with the reason", async () => {
  await expect(parent.put(`${directory}/f`, directory)).rejects.toMatchObject({
    code: "FILES_COPY_FAILED",
    message: expect.stringMatching(/otto-login-.*Permission denied/) as string,
  });
});
