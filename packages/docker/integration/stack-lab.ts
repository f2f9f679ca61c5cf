import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { composeDown, getUserComposeProject, type Lab, openLab, type Repo } from "@otto/docker";
import { createBusyboxImage, type HostDocker, labJson, type Lab as RunningLab, recordEngineEvents } from "@otto/lab";

const execute = promisify(execFile);

/** A repo with one compose file and no image to build; `$IMAGE` in its files is an image with busybox. */
export interface StackRepo extends AsyncDisposable {
  readonly root: string;
  readonly project: string;
  /** Tag of the image. */
  readonly image: string;
  write(path: string, content: string): Promise<void>;
  /** Opens a lab as another process would have it. The caller disposes it. @param labName default: that of the hosts */
  open(home: string, labName?: string): Promise<{ lab: Lab; repo: Repo }>;
}

/** @param running the hosts; undefined: this machine. @param docker of the hosts, as in a lab.json */
export async function createStackRepo(
  compose: string,
  running?: RunningLab,
  docker: HostDocker = {},
): Promise<StackRepo> {
  const name = `stack${randomBytes(4).toString("hex")}`;
  const root = await mkdtemp(join(tmpdir(), "otto-stack-"));
  const image = await createBusyboxImage(`${name}:1`);
  const write = async (path: string, content: string) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content.replaceAll("$IMAGE", image.tag));
  };
  await write("compose.yml", compose);
  const source = running === undefined ? "" : '[[lab.sources]]\nbackend = "json"\npaths = ["lab"]\n';
  await write(
    ".otto/settings.toml",
    `name = "${name}"\nversion = "1"\n${source}[[docker.composes]]\npath = "compose.yml"\n`,
  );
  if (running !== undefined) await write("lab/lab.json", JSON.stringify(describe(running, docker)));
  return {
    root,
    project: getUserComposeProject(name, "ci"),
    image: image.tag,
    write,
    async open(home, labName = running && "lab") {
      const env = {
        ...process.env,
        OTTO_COMPOSE_SUFFIX: "ci",
        OTTO_SUT_DIRS: undefined,
        OTTO_LAB: undefined,
        OTTO_TRUST: root,
      };
      const lab = await openLab({ cwd: root, env, home, lab: labName });
      return { lab, repo: lab.repos[0] as Repo };
    },
    async [Symbol.asyncDispose]() {
      await image[Symbol.asyncDispose]();
      await rm(root, { recursive: true });
    },
  };
}

/** A stack repo opened on a running lab, whose last host is its parent. Disposing takes the stack down, then closes the lab and stops its hosts. */
export interface PlacedRepo extends AsyncDisposable {
  readonly stack: StackRepo;
  readonly lab: Lab;
  readonly repo: Repo;
}

export async function placeStackRepo(
  running: RunningLab,
  compose: string,
  options: { readonly docker?: HostDocker; readonly files?: Record<string, string> } = {},
): Promise<PlacedRepo> {
  const stack = await createStackRepo(compose, running, options.docker);
  for (const [path, content] of Object.entries(options.files ?? {})) await stack.write(path, content);
  const { lab, repo } = await stack.open(running.directory);
  return {
    stack,
    lab,
    repo,
    async [Symbol.asyncDispose]() {
      await composeDown(repo, lab, { on: Object.keys(running.hosts).at(-1) });
      await removeBuilt(stack.project);
      await lab[Symbol.asyncDispose]();
      await stack[Symbol.asyncDispose]();
      await running[Symbol.asyncDispose]();
    },
  };
}

function describe(running: RunningLab, docker: HostDocker): object {
  const { hosts, links } = labJson(running);
  return { hosts: hosts.map((host) => ({ ...host, docker: { ...host.docker, ...docker } })), links };
}

/** What of a project is on this machine's engine. */
export async function left(project: string): Promise<{ containers: string[]; networks: string[] }> {
  const list = async (...words: string[]) => {
    const { stdout } = await execute("docker", [...words, "--filter", `label=com.docker.compose.project=${project}`]);
    return stdout.split("\n").filter((line) => line !== "");
  };
  return {
    containers: await list("container", "ls", "--all", "--format", "{{.Names}} {{.State}}"),
    networks: await list("network", "ls", "--quiet"),
  };
}

/** Waits until a container has ended and the engine's events say so. */
export async function untilEnded(container: string): Promise<void> {
  await execute("docker", ["wait", container]);
  // `wait` is answered a moment before the event; this is answered after it.
  await execute("docker", ["container", "inspect", container]);
}

/** Removes the images that compose built for a project, older ones too. To be called when it is down. */
export async function removeBuilt(project: string): Promise<void> {
  const filter = `label=com.docker.compose.project=${project}`;
  const { stdout } = await execute("docker", ["image", "ls", "--quiet", "--filter", filter]);
  const ids = stdout.split("\n").filter((id) => id !== "");
  if (ids.length > 0) await execute("docker", ["image", "rm", "--force", ...new Set(ids)]);
}

/** Commands that run on this machine and name the project: sessions, locks, leases, compose, watches of events. */
export async function processesOf(project: string): Promise<string[]> {
  const numbers = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const commands = await Promise.all(numbers.map((name) => readFile(`/proc/${name}/cmdline`, "utf8").catch(() => "")));
  return commands.filter((command) => command.includes(project)).map((command) => command.replaceAll("\0", " "));
}

export const nothing = { containers: [], networks: [] };

/** Runs `work` and returns what happened to the project's containers meanwhile, health checks apart. */
export async function recordEvents(project: string, work: () => Promise<unknown>): Promise<string[]> {
  const events = await recordEngineEvents(work);
  return events
    .filter(({ Type, Action }) => Type === "container" && !/^(exec_|health_status)/.test(Action))
    .filter(({ Actor }) => Actor.Attributes["com.docker.compose.project"] === project)
    .map(({ Action, Actor }) => `${Actor.Attributes["com.docker.compose.service"]} ${Action}`);
}
