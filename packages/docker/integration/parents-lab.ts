import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Lab, Repo } from "@otto/docker";
import { labJson, type Machines, startMachines } from "@otto/lab";
import { createStackRepo, type StackRepo } from "./stack-lab.js";

/** Three machines, which stay on for all tests of a file: `a` has the role `db`, `b` and `c` are `edge`. */
export type Parents = Machines<"a" | "b" | "c">;

const roles = { a: ["db"], b: ["edge"], c: ["edge", "worker"] } as const;

export function startParents(): Promise<Parents> {
  return startMachines({ hosts: { a: {}, b: {}, c: {} } });
}

/** A repo whose stacks belong on the three machines. */
export interface ParentsRepo extends AsyncDisposable {
  readonly stack: StackRepo;
  readonly lab: Lab;
  readonly repo: Repo;
  /** The home of who works on it; also of a further process. */
  readonly home: string;
}

export interface ParentsRepoOptions {
  /** TOML behind the name and the lab: `[docker]` and its entries. */
  readonly settings: string;
  /** Path to text, where `$IMAGE` is an image with busybox. */
  readonly files: Readonly<Record<string, string>>;
}

/** Writes the repo and opens its lab. Disposing closes the lab and removes the files; what runs on the machines stays. */
export async function createParentsRepo(running: Parents, options: ParentsRepoOptions): Promise<ParentsRepo> {
  const stack = await createStackRepo("services: {}\n", running);
  const home = await mkdtemp(join(tmpdir(), "otto-home-"));
  const { hosts, links } = labJson(running);
  const described = hosts.map((host) => ({ ...host, roles: roles[host.element as keyof typeof roles] }));
  await stack.write("lab/lab.json", JSON.stringify({ hosts: described, links }));
  const name = stack.image.replace(/:.*/, "");
  const lab = '[[lab.sources]]\nbackend = "json"\npaths = ["lab"]\n';
  await stack.write(".otto/settings.toml", `name = "${name}"\nversion = "1"\n${lab}${options.settings}`);
  for (const [path, text] of Object.entries(options.files)) await stack.write(path, text);
  await running.loadImage(stack.image);
  const opened = await stack.open(home);
  return {
    stack,
    home,
    ...opened,
    async [Symbol.asyncDispose]() {
      await opened.lab[Symbol.asyncDispose]();
      await stack[Symbol.asyncDispose]();
      await rm(home, { recursive: true });
    },
  };
}

/** By machine, the services of a project that have a running container there. */
export async function runningOn(parents: Parents, project: string): Promise<Record<string, string[]>> {
  return listOn(parents, ["container", "ls", "--format", '{{.Label "com.docker.compose.service"}}'], project);
}

/** By machine, what of a project is there: containers, networks and the staged tree. */
export async function leftOn(parents: Parents, project: string): Promise<Record<string, string[]>> {
  const containers = await listOn(parents, ["container", "ls", "--all", "--format", "{{.Names}}"], project);
  const networks = await listOn(parents, ["network", "ls", "--format", "{{.Name}}"], project);
  return Object.fromEntries(
    Object.keys(containers).map((name) => [name, [...(containers[name] ?? []), ...(networks[name] ?? [])]]),
  );
}

async function listOn({ hosts }: Parents, words: readonly string[], project: string) {
  const entries = Object.entries(hosts).map(async ([name, machine]) => {
    const out = await machine.runDocker([...words, "--filter", `label=com.docker.compose.project=${project}`]);
    return [
      name,
      out
        .split("\n")
        .filter((line) => line !== "")
        .toSorted(),
    ] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
