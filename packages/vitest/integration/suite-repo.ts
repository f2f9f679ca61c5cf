import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createBusyboxImage, recordEngineEvents } from "@otto/lab";

const execute = promisify(execFile);
const packageRoot = fileURLToPath(new URL("..", import.meta.url));

/** A repo with a stack and suites, whose `node_modules` holds vitest and this package; disposal removes all of it. */
export interface SuiteRepo extends AsyncDisposable {
  readonly root: string;
  readonly project: string;
  /** `$IMAGE` is an image with busybox. */
  write(path: string, content: string): Promise<void>;
  start(argv: readonly string[]): ChildProcess;
  /** The stack's containers on the engine. */
  left(): Promise<string[]>;
  networks(): Promise<string[]>;
}

/** The dependencies that are a vitest: the newest major that is supported, and the oldest. */
export const vitests = ["vitest", "vitest-3"] as const;

/** @param compose its services */
export async function createSuiteRepo(
  compose: string,
  vitestPackage: (typeof vitests)[number] = "vitest",
): Promise<SuiteRepo> {
  const name = `suite${randomBytes(4).toString("hex")}`;
  const root = await mkdtemp(join(tmpdir(), "otto-suite-"));
  const image = await createBusyboxImage(`${name}:1`);
  const project = `otto-${name}-ci`;
  const write = async (path: string, content: string) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content.replaceAll("$IMAGE", image.tag));
  };
  await write(".otto/settings.toml", `name = "${name}"\nversion = "1"\n[[docker.composes]]\npath = "compose.yml"\n`);
  await write("compose.yml", `services:\n${compose}`);
  await write("package.json", '{ "type": "module" }\n');
  await mkdir(join(root, "node_modules/@otto"), { recursive: true });
  await symlink(packageRoot, join(root, "node_modules/@otto/vitest"));
  const dependencies = { vitest: vitestPackage, jiti: "jiti" };
  for (const [name, used] of Object.entries(dependencies)) {
    await symlink(join(packageRoot, "node_modules", used), join(root, "node_modules", name));
  }
  const { PATH = "" } = process.env;
  const env = { PATH, HOME: root, OTTO_COMPOSE_SUFFIX: "ci", NO_COLOR: "1", CI: "1" };
  const children = new Set<ChildProcess>();
  return {
    root,
    project,
    write,
    left: () => listContainers(project),
    networks: () => listNetworks(project),
    start(argv) {
      const child = spawn(process.execPath, argv, { cwd: root, env, stdio: ["pipe", "pipe", "pipe"] });
      children.add(child);
      return child;
    },
    async [Symbol.asyncDispose]() {
      for (const child of children) child.kill("SIGKILL");
      await removeContainers(project);
      await image[Symbol.asyncDispose]();
      await rm(root, { recursive: true });
    },
  };
}

/** The arguments of node that start vitest. */
export const vitest = ["node_modules/vitest/vitest.mjs"];

export interface Finished {
  readonly exitCode: number | null;
  readonly output: string;
}

/** Waits for the end of a process; both its streams together. */
export async function finished(child: ChildProcess): Promise<Finished> {
  const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
  const outputs = Promise.all(streams.map((stream) => text(stream)));
  const [exitCode] = (await once(child, "close")) as [number | null];
  return { exitCode, output: (await outputs).join("\n") };
}

/** Runs `work` and returns which containers of the project were created meanwhile, by service. */
export async function createdDuring(project: string, work: () => Promise<unknown>): Promise<string[]> {
  const events = await recordEngineEvents(work);
  return events
    .filter(({ Type, Action }) => Type === "container" && Action === "create")
    .filter(({ Actor }) => Actor.Attributes["com.docker.compose.project"] === project)
    .map(({ Actor }) => Actor.Attributes["com.docker.compose.service"] ?? "")
    .sort();
}

async function listContainers(project: string): Promise<string[]> {
  const filter = `label=com.docker.compose.project=${project}`;
  const { stdout } = await execute("docker", ["ps", "--all", "--filter", filter, "--format", "{{.Names}}"]);
  return lines(stdout).sort();
}

async function listNetworks(project: string): Promise<string[]> {
  const filter = `label=com.docker.compose.project=${project}`;
  return lines((await execute("docker", ["network", "ls", "--quiet", "--filter", filter])).stdout);
}

/** What a failed test left. */
async function removeContainers(project: string): Promise<void> {
  const names = await listContainers(project);
  if (names.length > 0) await execute("docker", ["rm", "--force", ...names]);
  const networks = await listNetworks(project);
  if (networks.length > 0) await execute("docker", ["network", "rm", ...networks]);
}

function lines(output: string): string[] {
  return output.split("\n").filter((line) => line !== "");
}
