import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Login, Route } from "./link.js";
import type { Variables } from "./subject.js";

/** Of every machine that runs containers. */
const role = "parent";

/** A repository as otto's users have one, with the hosts of the links as its lab. */
export interface Repo {
  readonly name: string;
  readonly root: string;
  /** For each command in it. */
  readonly settings: Variables & { readonly cwd: string };
}

export interface RepoLayout {
  readonly name: string;
  readonly routes: readonly Route[];
  /** Builds `contextPath`, which the caller lays, as `NAME-api:latest`. */
  readonly hasImage?: boolean;
  /** Text of compose.yml. */
  readonly compose?: string;
  /** The parent of its stack, or all of them. */
  readonly on?: Route | "all";
  /** `ssh_options` of every machine. */
  readonly sshOptions?: Readonly<Record<string, unknown>>;
}

/** Of a repository with an image. buildx knows a context by its last name: those of two contenders must differ. */
export function contextPathOf({ root, name }: Pick<Repo, "root" | "name">): string {
  return join(root, name);
}

/** Lays a repository below `directory`. */
export function layRepo(directory: string, layout: RepoLayout): Repo {
  const { name, compose, on, hasImage } = layout;
  const root = join(directory, name);
  mkdirSync(join(root, ".otto"), { recursive: true });
  const image = `[[docker.images]]\nname = "api"\ncontext = "${name}"\ndockerfile = "${name}/Dockerfile"\n`;
  const stack = `[[docker.composes]]\npath = "compose.yml"\n${formatPlace(on)}`;
  const settings = [
    `name = "${name}"\nversion = "1"\n[[lab.sources]]\nbackend = "json"\npaths = ["lab.json"]\n`,
    hasImage === true ? image : "",
    compose === undefined ? "" : stack,
  ];
  writeFileSync(join(root, ".otto/settings.toml"), settings.join(""));
  writeFileSync(join(root, "lab.json"), JSON.stringify(describeLab(layout)));
  if (compose !== undefined) writeFileSync(join(root, "compose.yml"), compose);
  return { name, root, settings: { cwd: root, variables: { OTTO_TRUST: root, OTTO_COMPOSE_SUFFIX: "bench" } } };
}

function formatPlace(on: RepoLayout["on"]): string {
  if (on === undefined) return "";
  return on === "all" ? `role = "${role}"\nspread = true\n` : `default_host = "${on.name}"\n`;
}

function describeLab({ routes, sshOptions }: RepoLayout) {
  const hosts = new Map<string, object>();
  for (const { machines, login } of routes) {
    for (const [index, { name, port }] of machines.entries()) {
      const machine = { name, port, hop: machines[index - 1]?.name, dockerCapable: index === machines.length - 1 };
      hosts.set(name, describeMachine(login, machine, sshOptions));
    }
  }
  return { hosts: [...hosts.values()], links: [] };
}

interface MachineInLab {
  readonly name: string;
  readonly port: number;
  readonly hop: string | undefined;
  readonly dockerCapable: boolean;
}

function describeMachine(login: Login, machine: MachineInLab, sshOptions?: Readonly<Record<string, unknown>>) {
  const { name, port, hop, dockerCapable } = machine;
  return {
    ip: login.address,
    element: name,
    creds: [{ login: login.user }],
    user: login.user,
    labs: ["lab"],
    ...(hop !== undefined && { hop }),
    docker_capable: dockerCapable,
    ...(dockerCapable && { roles: [role] }),
    ssh_options: {
      port,
      client_keys: [login.privateKeyPath],
      known_hosts: login.knownHostsPath,
      ...sshOptions,
    },
  };
}
