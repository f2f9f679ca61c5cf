import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commandContender, commandOverSsh } from "./command-contender.js";
import type { Route } from "./link.js";
import type { Measured } from "./measured.js";
import { layRepo } from "./repo.js";
import type { Contender, Round } from "./row.js";
import { expectEqual, run, shellArgv } from "./shell.js";
import type { SshClient } from "./ssh-client.js";
import type { Subject } from "./subject.js";

/** A stack that one contender brings up and takes down. */
export interface Stack {
  readonly name: string;
  /** Of the Compose file that is brought up. */
  readonly directory: string;
  readonly services: number;
  readonly up: (round: Round) => Promise<Measured<unknown>>;
  readonly down: (round: Round) => Promise<Measured<unknown>>;
  /** Of its running containers. */
  containers(): readonly string[];
}

export interface StackSettings {
  readonly directory: string;
  /** Unique: the label of its containers, and the name of its project. */
  readonly label: string;
  readonly image: string;
  readonly services: number;
  /** Lines of every service. */
  readonly serviceLines?: readonly string[];
  readonly route: Route;
}

/** By `otto docker up` and `otto docker down`. */
export function ottoStack(subject: Subject, settings: StackSettings): Stack {
  const { directory, label, route } = settings;
  const repo = layRepo(directory, { name: label, routes: [route], compose: formatCompose(settings), on: route });
  const call = (verb: string) => subject.cli(["docker", verb, "--json"], repo.settings);
  return describe(settings, { name: subject.name, root: repo.root, up: () => call("up"), down: () => call("down") });
}

/** By the docker client of this machine with `DOCKER_HOST=ssh://`. */
export function composeOverSsh(client: SshClient, settings: StackSettings): Stack {
  const root = layCompose(settings);
  const compose = (...words: string[]) =>
    commandContender({
      name: `compose over ssh${client.label}`,
      argv: () => ["docker", ...composeWords(settings, root), ...words],
      env: ({ route }) => client.dockerEnv(route),
      check: () => undefined,
    });
  return describe(settings, { root, ...upAndDown(compose) });
}

/** By the parent's own compose, which `ssh` starts; the files are there. */
export function composeByHand(client: SshClient, settings: StackSettings): Stack {
  const root = layCompose(settings);
  const compose = (...words: string[]) =>
    commandOverSsh("ssh docker compose", client, {
      words: () => ["docker", ...composeWords(settings, root), ...words],
      check: () => undefined,
    });
  return describe(settings, { root, ...upAndDown(compose) });
}

/** Files by rsync, then the parent's own compose. */
export function rsyncAndCompose(client: SshClient, settings: StackSettings): Stack {
  const root = layCompose(settings);
  const there = `${root}-there`;
  const line = 'rsync --archive --delete "$1/" "$2:$3/" && host=$2 && shift 3 && exec ssh "$host" docker "$@"';
  const compose = (...words: string[]) =>
    commandContender({
      name: `rsync + ssh docker compose${client.label}`,
      argv: ({ route }) => [...shellArgv(line, root, route.name, there), ...composeWords(settings, there), ...words],
      env: () => client.env,
      check: () => undefined,
    });
  return describe(settings, { root, ...upAndDown(compose) });
}

function layCompose({ directory, label, ...settings }: StackSettings): string {
  const root = join(directory, label);
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, "compose.yml"), formatCompose({ directory, label, ...settings }));
  return root;
}

function formatCompose({ image, services, label, serviceLines = [] }: StackSettings): string {
  const lines = [`image: "${image}"`, "init: true", `labels: { bench.stack: "${label}" }`, ...serviceLines];
  const each = Array.from({ length: services }, (_, n) => [`  s${n}:`, ...lines.map((line) => `    ${line}`)]).flat();
  return `services:\n${each.join("\n")}\n`;
}

function composeWords({ label }: StackSettings, root: string): string[] {
  return ["compose", "--project-name", label, "--project-directory", root];
}

function upAndDown(compose: (...words: string[]) => Contender): Pick<Stack, "name" | "up" | "down"> {
  const up = compose("up", "--detach", "--wait");
  const down = compose("down", "--timeout", "1");
  return { name: up.name, up: up.run, down: down.run };
}

interface Verbs extends Pick<Stack, "name" | "up" | "down"> {
  readonly root: string;
}

function describe({ label, services }: StackSettings, { name, root, up, down }: Verbs): Stack {
  const containers = () =>
    run("docker", "ps", "--quiet", "--filter", `label=bench.stack=${label}`)
      .split("\n")
      .filter((id) => id !== "");
  return { name, directory: root, services, up, down, containers };
}

/** The contenders of one stack's rows; what a round needs to be up or down is made so before it. */
export function contendersOf(stack: Stack): Readonly<Record<"up" | "unchanged" | "down", Contender>> {
  const isUp = () => stack.containers().length > 0;
  const { name } = stack;
  return {
    up: {
      name,
      prepare: async (round) => isUp() && (await stack.down(round)),
      run: (round) => stack.up(round),
      check: () => expectEqual("running containers", stack.containers().length, stack.services),
    },
    unchanged: keptUp(stack),
    down: {
      name,
      prepare: async (round) => isUp() || (await stack.up(round)),
      run: (round) => stack.down(round),
      check: () => expectEqual("running containers", stack.containers().length, 0),
    },
  };
}

/** `up` of a stack that is up, whose containers must stay; `change` is made before. */
export function keptUp(stack: Stack, change: () => unknown = () => undefined): Contender {
  let before: readonly string[] = [];
  return {
    name: stack.name,
    prepare: async (round) => {
      if (stack.containers().length === 0) await stack.up(round);
      change();
      before = stack.containers();
    },
    run: (round) => stack.up(round),
    check: () => expectEqual("containers", stack.containers(), before),
  };
}
