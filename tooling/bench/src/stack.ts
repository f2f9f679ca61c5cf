import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commandContender, commandOverSsh } from "./command-contender.js";
import type { Route } from "./link.js";
import type { Measured } from "./measured.js";
import { layRepo, type Repo } from "./repo.js";
import type { Contender, Turn } from "./row.js";
import { expectEqual, run } from "./shell.js";
import type { SshClient } from "./ssh-client.js";
import type { Subject } from "./subject.js";

/** A stack that one contender brings up and takes down. */
export interface Stack {
  readonly name: string;
  /** Of the Compose file that is brought up. */
  readonly directory: string;
  readonly services: number;
  readonly up: (turn: Turn) => Promise<Measured<unknown>>;
  readonly down: (turn: Turn) => Promise<Measured<unknown>>;
  /** Of its running containers. */
  containers(): readonly string[];
}

export interface StackSettings {
  readonly directory: string;
  /** Unique: it marks the containers. */
  readonly mark: string;
  readonly image: string;
  readonly services: number;
  /** Lines of every service. */
  readonly serviceLines?: readonly string[];
  readonly route: Route;
}

export interface OttoStack extends Stack {
  readonly repo: Repo;
}

/** By `otto docker up` and `otto docker down`. */
export function ottoStack(subject: Subject, settings: StackSettings): OttoStack {
  const { directory, mark, route } = settings;
  const repo = layRepo(directory, { name: mark, routes: [route], compose: formatCompose(settings), on: route });
  const call = (verb: string) => subject.cli(["docker", verb, "--json"], repo.settings);
  const verbs = { name: subject.name, root: repo.root, up: () => call("up"), down: () => call("down") };
  return { ...describe(settings, verbs), repo };
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
  const compose = (...words: string[]) =>
    commandContender({
      name: `rsync + ssh docker compose${client.label}`,
      argv: ({ route }) => [
        "sh",
        "-c",
        'rsync --archive --delete "$1/" "$2:$3/" && host=$2 && shift 3 && exec ssh "$host" docker "$@"',
        "sh",
        root,
        route.name,
        there,
        ...composeWords(settings, there),
        ...words,
      ],
      env: () => client.env,
      check: () => undefined,
    });
  return describe(settings, { root, ...upAndDown(compose) });
}

function layCompose({ directory, mark, ...settings }: StackSettings): string {
  const root = join(directory, mark);
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, "compose.yml"), formatCompose({ directory, mark, ...settings }));
  return root;
}

function formatCompose({ image, services, mark, serviceLines = [] }: StackSettings): string {
  const lines = [`image: "${image}"`, "init: true", `labels: { bench.stack: "${mark}" }`, ...serviceLines];
  const each = Array.from({ length: services }, (_, n) => [`  s${n}:`, ...lines.map((line) => `    ${line}`)]).flat();
  return `services:\n${each.join("\n")}\n`;
}

function composeWords({ mark }: StackSettings, root: string): string[] {
  return ["compose", "--project-name", mark, "--project-directory", root];
}

function upAndDown(compose: (...words: string[]) => Contender): Pick<Stack, "name" | "up" | "down"> {
  const up = compose("up", "--detach", "--wait");
  const down = compose("down", "--timeout", "1");
  return { name: up.name, up: up.run, down: down.run };
}

interface Verbs extends Pick<Stack, "name" | "up" | "down"> {
  readonly root: string;
}

function describe({ mark, services }: StackSettings, { name, root, up, down }: Verbs): Stack {
  const containers = () =>
    run("docker", "ps", "--quiet", "--filter", `label=bench.stack=${mark}`)
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
      prepare: async (turn) => isUp() && (await stack.down(turn)),
      run: (turn) => stack.up(turn),
      check: () => expectEqual("running containers", stack.containers().length, stack.services),
    },
    unchanged: keptUp(stack),
    down: {
      name,
      prepare: async (turn) => isUp() || (await stack.up(turn)),
      run: (turn) => stack.down(turn),
      check: () => expectEqual("running containers", stack.containers().length, 0),
    },
  };
}

/** `up` of a stack that is up, whose containers must stay; `change` is made before. */
export function keptUp(stack: Stack, change: () => unknown = () => undefined): Contender {
  let before: readonly string[] = [];
  return {
    name: stack.name,
    prepare: async (turn) => {
      if (stack.containers().length === 0) await stack.up(turn);
      change();
      before = stack.containers();
    },
    run: (turn) => stack.up(turn),
    check: () => expectEqual("containers", stack.containers(), before),
  };
}
