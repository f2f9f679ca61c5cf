import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { getUserComposeProject, type Lab, openLab, type Repo } from "@otto/docker";
import { createBusyboxImage, joinSwarm, labJson, type Machines, startMachines } from "@otto/lab";

/** Three machines that all manage one swarm, with an image on each. */
export interface SwarmMachines extends AsyncDisposable {
  readonly machines: Machines<"a" | "b" | "c">;
  /** Tag of a busybox image. */
  readonly base: string;
}

export async function startSwarmMachines(): Promise<SwarmMachines> {
  const base = await createBusyboxImage(`swarm${randomBytes(4).toString("hex")}:base`);
  const machines = await startMachines({ hosts: { a: {}, b: {}, c: {} } });
  const { a, b, c } = machines.hosts;
  await joinSwarm([a, b, c]);
  await machines.loadImage(base.tag);
  return {
    machines,
    base: base.tag,
    async [Symbol.asyncDispose]() {
      await machines[Symbol.asyncDispose]();
      await base[Symbol.asyncDispose]();
    },
  };
}

/** A repo whose stack is a swarm's, on manager `a`. `$BASE` in its files is the busybox image. */
export interface SwarmRepo extends AsyncDisposable {
  readonly name: string;
  readonly project: string;
  write(path: string, content: string): Promise<void>;
  /** Opens a lab as another process would have it. The caller disposes it. */
  open(): Promise<{ lab: Lab; repo: Repo }>;
}

export async function createSwarmRepo(
  { machines, base }: SwarmMachines,
  {
    compose,
    settings = "",
    docker = "",
    hosts = ["a", "b", "c"],
    sshPorts = {},
  }: {
    readonly compose: string;
    /** Further tables. */
    readonly settings?: string;
    /** Keys of `[docker]`. */
    readonly docker?: string;
    /** Those of the lab. */
    readonly hosts?: readonly string[];
    /** Of hosts that are to be out of reach. */
    readonly sshPorts?: Readonly<Record<string, number>>;
  },
): Promise<SwarmRepo> {
  const name = `swarm${randomBytes(4).toString("hex")}`;
  const root = await mkdtemp(join(tmpdir(), "otto-swarm-"));
  const write = async (path: string, content: string) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content.replaceAll("$BASE", base).replaceAll("$NAME", name));
  };
  await write("compose.yml", compose);
  await write(
    ".otto/settings.toml",
    `name = "${name}"
version = "1"
[[lab.sources]]
backend = "json"
paths = ["lab"]
[docker]
${docker}
[[docker.composes]]
path = "compose.yml"
default_host = "a"
engine = "swarm"
${settings}`,
  );
  const described = labJson(machines);
  const chosen = described.hosts.filter(({ element }) => hosts.includes(element));
  const quick = chosen.map((host) => ({
    ...host,
    ssh_options: {
      ...host.ssh_options,
      ...{ connect_timeout: 8, keepalive_interval: 1, port: sshPorts[host.element] ?? host.ssh_options.port },
    },
  }));
  await write("lab/lab.json", JSON.stringify({ ...described, hosts: quick }));
  return {
    name,
    project: getUserComposeProject(name, "ci"),
    write,
    async open() {
      const env = {
        ...process.env,
        OTTO_COMPOSE_SUFFIX: "ci",
        OTTO_SUT_DIRS: undefined,
        OTTO_LAB: undefined,
        OTTO_TRUST: root,
      };
      const lab = await openLab({ cwd: root, env, home: machines.directory, lab: "lab" });
      return { lab, repo: lab.repos[0] as Repo };
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true }),
  };
}
