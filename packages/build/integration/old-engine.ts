import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createLocalParent, type Parent } from "@otto/hosts";

const dockerd = "/var/lib/otto-old-engine/usr/sbin/dockerd";

/** Docker 20.10 with a directory and a socket of its own, and no network but the host's. */
export interface OldEngine extends AsyncDisposable {
  readonly parent: Parent;
  /** Stops it, whatever it does, and starts it again. */
  restart(): Promise<void>;
}

export async function startOldEngine(): Promise<OldEngine> {
  const directory = await mkdtemp(join(tmpdir(), "otto-engine-"));
  let child = await launch(directory);
  const socketPath = join(directory, "docker.sock");
  const docker = { command: ["docker"], stagingRoot: undefined };
  const parent = createLocalParent({ id: "old", docker, socketPath, env: process.env });
  return {
    parent,
    restart: async () => {
      await end(child);
      child = await launch(directory);
    },
    [Symbol.asyncDispose]: async () => {
      await parent[Symbol.asyncDispose]();
      await end(child);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function launch(directory: string): Promise<ChildProcess> {
  const place = (name: string) => join(directory, name);
  // In a network namespace of its own: one without a bridge removes that of the machine's engine.
  const child = spawn("unshare", [
    ...["--net", dockerd],
    ...["--host", `unix://${place("docker.sock")}`, "--data-root", place("data"), "--exec-root", place("exec")],
    ...["--pidfile", place("pid"), "--bridge", "none", "--iptables=false"],
  ]);
  child.stdout?.resume();
  const said: string[] = [];
  if (child.stderr === null) throw new Error("dockerd has a stderr");
  for await (const line of createInterface({ input: child.stderr })) {
    said.push(line);
    if (line.includes("API listen on")) break;
  }
  child.stderr.resume();
  if (!said.at(-1)?.includes("API listen on")) throw new Error(`${dockerd} ended:\n${said.slice(-5).join("\n")}`);
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}
