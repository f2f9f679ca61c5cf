import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { readStack, type UpEvent } from "@otto/compose";
import type { Repo } from "@otto/config";
import { createLocalParent, type Parent } from "@otto/hosts";
import { createBusyboxImage } from "@otto/lab";
import type { Machine, SwarmLocation, SwarmStack } from "@otto/swarm";

const execute = promisify(execFile);

/** Runs the docker client of this machine. @returns stdout without its end */
export async function docker(...words: readonly string[]): Promise<string> {
  return (await execute("docker", words)).stdout.trim();
}

/** This machine as the only node of a swarm, which ends with the disposal. */
export interface OneNodeSwarm extends AsyncDisposable {
  readonly parent: Parent;
  readonly machine: Machine;
}

export async function startSwarm(): Promise<OneNodeSwarm> {
  await docker("swarm", "init", "--advertise-addr", "127.0.0.1");
  const parent = createLocalParent({
    id: "local",
    docker: { command: ["docker"], stagingRoot: undefined },
    socketPath: undefined,
    env: process.env,
  });
  return {
    parent,
    machine: { id: "local", address: "", open: () => parent },
    async [Symbol.asyncDispose]() {
      await parent[Symbol.asyncDispose]();
      await docker("swarm", "leave", "--force");
    },
  };
}

/** A repo with one compose file; `$IMAGE` in its files is an image with busybox. */
export interface SwarmRepo extends AsyncDisposable {
  readonly root: string;
  readonly project: string;
  readonly location: SwarmLocation;
  readonly image: string;
  write(path: string, content: string): Promise<void>;
  /** Reads it as it is now. */
  read(
    more?: Partial<Pick<SwarmStack, "images" | "choice">>,
    environment?: Record<string, string>,
  ): Promise<SwarmStack>;
}

export async function createSwarmRepo({ parent, machine }: OneNodeSwarm, compose: string): Promise<SwarmRepo> {
  const name = `s${randomBytes(4).toString("hex")}`;
  const project = `otto-${name}`;
  const root = await mkdtemp(join(tmpdir(), "otto-swarm-"));
  const image = await createBusyboxImage(`${name}:1`);
  const write = async (path: string, content: string) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content.replaceAll("$IMAGE", image.tag));
  };
  await write("compose.yml", compose);
  const repo: Repo = {
    name,
    version: "1",
    root,
    settingsFile: join(root, ".otto/settings.toml"),
    instructions: [],
    labSources: [],
    docker: { registryUrl: undefined, images: [], composes: [{ path: join(root, "compose.yml"), profiles: [] }] },
    notes: [],
  };
  const location = { parent, project, machines: [machine] };
  return {
    root,
    project,
    location,
    image: image.tag,
    write,
    async read({ images, choice } = {}, environment = {}) {
      const stack = await readStack(repo, { projectName: project, environment, home: root, choice });
      // A tag of this machine alone: no registry is asked.
      return { ...stack, parent, machines: [machine], images: images ?? new Map([[image.tag, image.tag]]) };
    },
    async [Symbol.asyncDispose]() {
      await docker("stack", "rm", project).catch(() => undefined);
      await image[Symbol.asyncDispose]();
      await rm(root, { recursive: true });
    },
  };
}

/** What an `up` tells. */
export function recordEvents() {
  const events: UpEvent[] = [];
  const warnings = () => events.flatMap((event) => (event.type === "compose.warning" ? [event.message] : []));
  return { events, warnings, onEvent: (event: UpEvent) => void events.push(event) };
}

/** As `docker stack deploy` left them: tasks that run, by service. */
export async function runningTasks(project: string): Promise<string[]> {
  const format = "{{.Name}} {{.CurrentState}}";
  const lines = (await docker("stack", "ps", project, "--filter", "desired-state=running", "--format", format)).split(
    "\n",
  );
  return lines.filter((line) => line.includes(" Running ")).map((line) => line.split(" ")[0] ?? "");
}
