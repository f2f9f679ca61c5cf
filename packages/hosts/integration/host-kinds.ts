import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { DockerContainerHost, type Parent } from "@otto/hosts";
import { findLabKind } from "@otto/lab";
import { expect } from "vitest";
import { CleanUps } from "./clean-ups.js";
import { startParents, ways } from "./conformance-parents.js";
import type { HostKind, OpenHost } from "./host-suite.js";
import { runLabelled } from "./labelled-container.js";
import { createShellImage, type ImageShell } from "./shell-images.js";
import type { Lack, Lacks } from "./suite/capability.js";
import { containerHost, parentHost } from "./suite/host.js";

const execute = promisify(execFile);

const needsTerminal: Lack = {
  reason: "the shell of this machine gets the user's terminal itself",
  error: { name: "TypeError", message: expect.stringContaining("file descriptor") as string },
};
const notRunning: Lack = {
  reason: "its container is stopped",
  error: { code: "HOST_NOT_RUNNING" },
};
const noShell: Lack = {
  reason: "its image has no /bin/sh",
  error: { code: expect.stringMatching(/^HOST_(NO_SHELL|COMMAND_NOT_STARTED)$/) as string },
};
const writesInPlace: Lack = {
  reason: "without a shell of its own, the engine writes a container's files where they stand",
  error: { code: expect.stringMatching(/^FILES_/) as string },
};

interface ContainerKind extends HostKind {
  readonly shell: ImageShell;
  readonly by: (typeof ways)[number];
  readonly isStopped?: boolean;
  /** Default true. */
  readonly keepsSpare?: boolean;
}

const containerKinds: readonly ContainerKind[] = [
  { name: "container with dash", shell: "dash", by: "local", isParent: false, lacks: {} },
  {
    name: "container with dash, in which no process waits for commands",
    filesAs: "container with dash",
    shell: "dash",
    by: "local",
    keepsSpare: false,
    isParent: false,
    lacks: {},
  },
  {
    name: "container with bash, through a bastion",
    filesAs: "container with dash",
    shell: "bash",
    by: "ssh through a bastion",
    isParent: false,
    lacks: {},
  },
  {
    name: "container with busybox, one session and no forwarding",
    filesAs: "container with dash",
    shell: "busybox",
    by: "ssh with one session and no forwarding",
    isParent: false,
    lacks: {},
  },
  {
    name: "container without a shell, through a bastion",
    filesAs: "stopped container",
    shell: "none",
    by: "ssh through a bastion",
    isParent: false,
    lacks: {
      "a shell": noShell,
      "files that are replaced in one step": writesInPlace,
      "a login without a terminal of its own": noShell,
    },
  },
  {
    name: "stopped container",
    shell: "busybox",
    by: "local",
    isStopped: true,
    isParent: false,
    lacks: {
      commands: notRunning,
      "a shell": notRunning,
      "files that are replaced in one step": writesInPlace,
      "a login without a terminal of its own": notRunning,
    },
  },
];

const parentLacks: Readonly<Partial<Record<(typeof ways)[number], Lacks>>> = {
  local: { "a login without a terminal of its own": needsTerminal },
};

// Dropbear ends a session with its command; sshd waits until nobody writes to it any more.
const sessionsEndWithCommand = findLabKind(process.env.OTTO_LAB_KIND).host?.server === "dropbear";
const served = ["ssh", "ssh through a bastion"];

/** The table of hosts. All of them pass `describeHost`. */
export const hostKinds: readonly HostKind[] = [
  ...ways.map((way) => ({
    name: way,
    isParent: true,
    lacks: parentLacks[way] ?? {},
    endsWithCommand: sessionsEndWithCommand && served.includes(way),
  })),
  ...containerKinds,
];

/** Hosts of every kind that all see `directory` of this machine under the same path, and its loopback as theirs. */
export interface Hosts extends AsyncDisposable {
  readonly byName: ReadonlyMap<string, OpenHost>;
  readonly directory: string;
}

export async function startHosts(): Promise<Hosts> {
  await using cleanUps = new CleanUps();
  const directory = await mkdtemp(join(tmpdir(), "otto-hosts-"));
  cleanUps.add({ [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) });
  await chmod(directory, 0o755);
  await writeFile(join(directory, "no-program"), "text", { mode: 0o644 });
  const parents = cleanUps.add(await startParents());
  const byName = new Map<string, OpenHost>();
  for (const way of ways) byName.set(way, { host: parentHost(parents.byWay[way]), parent: parents.byWay[way] });
  for (const kind of containerKinds) {
    const container = await startContainer(kind, { parent: parents.byWay[kind.by], directory });
    cleanUps.add(container.cleanUps);
    byName.set(kind.name, { host: containerHost(container.host) });
  }
  const owned = cleanUps.move();
  return { byName, directory, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
}

interface Surroundings {
  readonly parent: Parent;
  readonly directory: string;
}

async function startContainer(
  { name, shell, isStopped = false, keepsSpare = true }: ContainerKind,
  { parent, directory }: Surroundings,
) {
  await using cleanUps = new CleanUps();
  const image = cleanUps.add(await createShellImage(shell));
  const names = { project: `otto-hosts-${randomBytes(4).toString("hex")}`, service: "api" };
  const flags = ["--network", "host", "--volume", `${directory}:${directory}`];
  const container = cleanUps.add(await runLabelled({ image: image.tag, ...names, flags }));
  if (isStopped) await execute("docker", ["kill", container.id]);
  const id = `${parent.id}.${name.replace(/\W+/g, "-")}`;
  const setting = { id, ...names, replica: 1, engine: parent.engine, parent, keepsSpare };
  const host = cleanUps.add(new DockerContainerHost(setting));
  return { host, cleanUps: cleanUps.move() };
}
