import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  composeDown,
  composeUp,
  formatUpStep,
  type Lab,
  planComposeUp,
  type Repo,
  type UpPreview,
  type UpStep,
} from "@otto/docker";
import { createBusyboxImage, createRandom, readRandomRun } from "@otto/lab";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createStackRepo, left, recordEvents, type StackRepo, untilEnded } from "./stack-lab.js";

const execute = promisify(execFile);
/** More for a longer search: OTTO_EDITS=30. */
const { count: rounds, seed, label } = readRandomRun("OTTO_EDITS", 8);

let stack: StackRepo;
let lab: Lab;
let repo: Repo;
let home: string;
let replaced: string[];

beforeEach(async () => {
  replaced = [];
  home = await mkdtemp(join(tmpdir(), "otto-home-"));
  stack = await createStackRepo("services: {}");
  ({ lab, repo } = await stack.open(home));
});

afterEach(async () => {
  await composeDown(repo, lab);
  await lab[Symbol.asyncDispose]();
  if (replaced.length > 0) await execute("docker", ["image", "rm", ...replaced]);
  await stack[Symbol.asyncDispose]();
  await rm(home, { recursive: true });
});

/** What the files say; an edit adds one to a number. */
const initial = {
  settings: 0,
  label: 0,
  dotenv: 0,
  envFile: 0,
  mounted: 0,
  inside: 0,
  config: 0,
  secret: 0,
  scale: 1,
  extra: 0,
  network: 0,
};
type Edit = keyof typeof initial;
type State = Record<Edit, number>;

async function writeFiles(state: State): Promise<void> {
  await stack.write(".env", `LEVEL=${state.dotenv}\n`);
  await stack.write("api.env", `COLOUR=${state.envFile}\n`);
  await stack.write("one.txt", `${state.mounted}\n`);
  await stack.write("data/file.txt", `${state.inside}\n`);
  await stack.write("db.conf", `${state.config}\n`);
  await stack.write("db.key", `${state.secret}\n`);
  await stack.write("compose.yml", composeFile(state));
}

function composeFile({ settings, label, scale, extra, network }: State): string {
  return `services:
  api: { image: "$IMAGE", init: true, env_file: api.env, volumes: ["./one.txt:/one:ro", "./data:/data"] }
  side: { image: "$IMAGE", init: true, network_mode: "service:api" }
  web: { image: "$IMAGE", init: true, depends_on: [api], environment: ["LEVEL=\${LEVEL}", "SETTINGS=${settings}"] }
  db: { image: "$IMAGE", init: true, networks: [back], configs: [conf], secrets: [key], labels: { label: "${label}" } }
  worker: { image: "$IMAGE", init: true, networks: [default, back], scale: ${1 + (scale % 3)}, depends_on: { db: { condition: service_started, restart: true } } }
  seed: { image: "$IMAGE", command: ["true"] }
${extra % 2 === 0 ? "" : '  extra: { image: "$IMAGE", init: true }\n'}configs: { conf: { file: db.conf } }
secrets: { key: { file: db.key } }
networks: { back: { labels: { edit: "${network}" } } }
`;
}

const byHand = ["kill", "stop", "pause", "rm"] as const;
const argvByHand = { kill: ["kill"], stop: ["stop", "--time", "0"], pause: ["pause"], rm: ["rm", "--force"] };

/** Does something to a container that runs; to none when none does. */
async function actByHand(action: (typeof byHand)[number], dice: (below: number) => number): Promise<string> {
  const { containers } = await left(stack.project);
  const names = containers.filter((line) => line.endsWith(" running")).map((line) => line.split(" ")[0] ?? "");
  const name = names.sort()[dice(Math.max(names.length, 1))];
  if (name !== undefined) await execute("docker", [...argvByHand[action], name]);
  if (name !== undefined && (action === "kill" || action === "stop")) await untilEnded(name);
  return `${action} ${name}`;
}

async function rebuildImage(): Promise<string> {
  const { stdout } = await execute("docker", ["image", "inspect", "--format", "{{.Id}}", stack.image]);
  await createBusyboxImage(stack.image);
  replaced.push(stdout.trim());
  return "image rebuilt";
}

/** One edit of any kind; a second one by every third throw. */
async function edit(state: State, dice: (below: number) => number): Promise<string> {
  const keys = Object.keys(initial) as Edit[];
  const which = dice(keys.length + byHand.length + 2);
  const key = keys[which];
  const action = byHand[which - keys.length];
  let done = "nothing";
  if (key !== undefined) {
    state[key] += 1;
    await writeFiles(state);
    done = key;
  } else if (action !== undefined) done = await actByHand(action, dice);
  else if (which === keys.length + byHand.length) done = await rebuildImage();
  return dice(3) === 0 ? `${done}, ${await edit(state, dice)}` : done;
}

/** What the engine's events say that happened to each service. */
function fatesOf(events: readonly string[]): Record<string, UpStep["do"]> {
  const actions = new Map<string, Set<string>>();
  for (const line of events) {
    const [service = "", action = ""] = line.split(" ");
    actions.set(service, (actions.get(service) ?? new Set()).add(action));
  }
  return Object.fromEntries([...actions].map(([service, done]) => [service, fateOf(done)]));
}

function fateOf(actions: ReadonlySet<string>): UpStep["do"] {
  if (actions.has("create")) return actions.has("destroy") ? "recreate" : "create";
  if (actions.has("destroy")) return "remove";
  if (actions.has("restart")) return "restart";
  return actions.has("start") ? "start" : "unpause";
}

/** Brings the stack up and waits for the one-shot, whose end may come when `up` has gone. */
async function up(): Promise<void> {
  await composeUp(repo, lab);
  await untilEnded(`${stack.project}-seed-1`);
}

test(`after random edits (${label}) the plan says what the engine then does`, {
  timeout: 120_000 + rounds * 60_000,
}, async () => {
  const dice = createRandom(seed);
  const state: State = { ...initial };
  await writeFiles(state);
  await up();
  for (let round = 0; round < rounds; round += 1) {
    const edits = await edit(state, dice);
    let plan: UpPreview = [];
    const planning = await recordEvents(stack.project, async () => {
      plan = await planComposeUp(repo, lab);
    });
    const context = `round ${round}: ${edits}\n${plan.map(formatUpStep).join("\n")}`;
    expect(planning, context).toEqual([]);
    const changes = plan.filter((step) => step.do !== "leave");
    const events = await recordEvents(stack.project, up);
    const planned = changes.flatMap((step) => (step.service === undefined ? [] : [[step.service, step.do] as const]));
    expect(fatesOf(events), context).toEqual(Object.fromEntries(planned));
    const format = '{{index .Labels "edit"}}';
    const { stdout } = await execute("docker", ["network", "inspect", "--format", format, `${stack.project}_back`]);
    expect(stdout.trim(), context).toBe(String(state.network));
    const { containers } = await left(stack.project);
    const count = 6 + (1 + (state.scale % 3)) - 1 + (state.extra % 2);
    expect(containers.length, context).toBe(count);
  }
});
