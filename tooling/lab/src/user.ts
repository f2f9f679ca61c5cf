import { randomBytes } from "node:crypto";
import { statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { runCommand } from "./command.js";
import { engineSocketPath } from "./engine-socket.js";
import type { EngineAccess } from "./options.js";

export interface LabUser {
  readonly name: string;
  /** Of a user that the lab made. */
  readonly password: string | undefined;
  /** Of a user that the lab made. */
  readonly homePath: string | undefined;
}

/** The user that runs the tests. */
export function currentUser(): LabUser {
  return { name: userInfo().username, password: undefined, homePath: undefined };
}

/**
 * Makes a user with a password, a home and access to the engine, for hosts that ask for a password, and for labs of a kind that wants one.
 * The lab removes it. Needs root.
 */
export async function createUser(access: EngineAccess): Promise<LabUser> {
  if (process.getuid?.() !== 0)
    throw new Error("lab: a host with a user of its own, as with password authentication, needs root");
  const name = `otto-lab-${randomBytes(4).toString("hex")}`;
  const password = randomBytes(12).toString("hex");
  const hash = await runCommand("openssl", ["passwd", "-6", password]);
  await runCommand("useradd", [
    "-m",
    "-d",
    join("/home", name),
    "-s",
    "/bin/sh",
    "-p",
    hash.trim(),
    ...(access === "group" ? engineGroup() : []),
    name,
  ]);
  if (access === "sudo") await allowDockerBySudo(name);
  return { name, password, homePath: join("/home", name) };
}

/** Gives a user that the lab made another login shell. */
export async function setLoginShell(user: string, shell: string): Promise<void> {
  await runCommand("usermod", ["--shell", shell, user]);
}

async function allowDockerBySudo(name: string): Promise<void> {
  const docker = (await runCommand("sh", ["-c", "command -v docker"])).trim();
  await writeFile(sudoRulePath(name), `${name} ALL=(root) NOPASSWD: ${docker}\n`, { mode: 0o440 });
}

/** Absent for a user that needs no rule. */
export function sudoRulePath(name: string): string {
  return `/etc/sudoers.d/${name}`;
}

function engineGroup(): string[] {
  const socket = statSync(engineSocketPath(), { throwIfNoEntry: false });
  return socket === undefined || socket.gid === 0 ? [] : ["-G", String(socket.gid)];
}
