import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ComposeUpOptions, composeDown, composeUp, type Lab, type Repo } from "@otto/docker";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createStackRepo, left, nothing, type StackRepo } from "./stack-lab.js";

let stack: StackRepo;
let lab: Lab;
let repo: Repo;
let home: string;
let server: Server | undefined;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "otto-home-"));
});

afterEach(async () => {
  server?.close();
  server = undefined;
  await composeDown(repo, lab);
  await lab[Symbol.asyncDispose]();
  await stack[Symbol.asyncDispose]();
  await rm(home, { recursive: true });
});

async function up(services: string, options: ComposeUpOptions = {}) {
  stack = await createStackRepo(`services:\n${services}`);
  ({ lab, repo } = await stack.open(home));
  return composeUp(repo, lab, options);
}

const say = (script: string) => `command: ["sh", "-c", "${script}"]`;
const check = (command: string) => `healthcheck: { test: ["CMD-SHELL", "${command}"], interval: 0.3s, retries: 2 }`;
const crashOnce = say("[ -e /x ] && exec sleep infinity; touch /x; exit 1");
// What it needs is there after 6 s.
const crashAWhile = say(
  "[ -e /x ] || date +%s >/x; [ $$(($$(date +%s) - $$(cat /x))) -ge 6 ] && exec sleep infinity; exit 1",
);

test.each<[string, string, string[]]>([
  ["a healthy one", `  a: { image: "$IMAGE", init: true, ${check("true")} }`, ["a"]],
  ["a one-shot that exits with 0", `  a: { image: "$IMAGE", ${say("exit 0")} }`, ["a"]],
  ["one that crashes once and recovers", `  a: { image: "$IMAGE", init: true, restart: always, ${crashOnce} }`, ["a"]],
  [
    "one that crashes for 6 s and recovers",
    `  a: { image: "$IMAGE", init: true, restart: always, ${crashAWhile} }`,
    ["a"],
  ],
  [
    "one that waits for another's health",
    `  a: { image: "$IMAGE", init: true, ${check("true")} }
  b: { image: "$IMAGE", init: true, depends_on: { a: { condition: service_healthy } } }`,
    ["a", "b"],
  ],
  [
    "one that its profile leaves out",
    `  a: { image: "$IMAGE", init: true }
  b: { image: "absent:1", profiles: [debug] }`,
    ["a"],
  ],
])("%s is up", async (_, services, expected) => {
  expect(Object.keys(await up(services)).sort()).toEqual(expected);
});

test("every replica of a scaled service is a host", async () => {
  const { a } = await up('  a: { image: "$IMAGE", init: true, scale: 3 }');
  expect(lab.hosts.list().map(({ id }) => id)).toEqual([a?.id, `${a?.id}.2`, `${a?.id}.3`]);
});

const dependent =
  'b: { image: "$IMAGE", init: true, depends_on: { a: { condition: service_completed_successfully } } }';

// An engine on a busy machine loses what a program says that ends at once.
test.each<[string, string, string, RegExp, ComposeUpOptions?]>([
  [
    "crashes at its start",
    `  a: { image: "$IMAGE", ${say("echo why; sleep 0.2; exit 3")} }`,
    "COMPOSE_SERVICE_FAILED",
    /exited with 3$(.|\n)*\| why/m,
  ],
  [
    "crashes a moment later",
    `  a: { image: "$IMAGE", ${say("sleep 0.3; echo why; sleep 0.2; exit 4")} }`,
    "COMPOSE_SERVICE_FAILED",
    /exited with 4$(.|\n)*\| why/m,
  ],
  [
    "crashes again and again",
    `  a: { image: "$IMAGE", restart: always, ${say("echo why; sleep 0.2; exit 1")} }`,
    "COMPOSE_SERVICE_FAILED",
    /ended \d+ times(.|\n)*why/,
    { readyTimeoutMs: 5000 },
  ],
  [
    "is unhealthy and logs nothing",
    `  a: { image: "$IMAGE", init: true, ${check("echo no database; false")} }`,
    "COMPOSE_SERVICE_FAILED",
    /its health check fails: no database\n(.|\n)*it logged nothing/,
  ],
  ["is unhealthy", `  a: { image: "$IMAGE", init: true, ${check("false")} }`, "COMPOSE_SERVICE_FAILED", /health check/],
  [
    "is a one-shot that another waits for, and exits with 3",
    `  a: { image: "$IMAGE", ${say("echo why; sleep 0.2; exit 3")} }\n  ${dependent}`,
    "COMPOSE_SERVICE_FAILED",
    /service a .*exited with 3$(.|\n)*\| why/m,
  ],
  [
    "has an image that is not there",
    '  a: { image: "otto.invalid/absent:1" }',
    "COMPOSE_UP_FAILED",
    /otto\.invalid|absent/,
  ],
  [
    "names a program that is not there",
    '  a: { image: "$IMAGE", command: ["/no-such"] }',
    "COMPOSE_UP_FAILED",
    /no-such/,
  ],
])("a service that %s is an error that says so, and nothing is left", async (_, services, code, message, options) => {
  const error = await up(services, options).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code });
  expect((error as Error).message).toMatch(message);
  expect(await left(stack.project)).toEqual(nothing);
});

test("a taken port is an error that names it", async () => {
  server = createServer();
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  await expect(up(`  a: { image: "$IMAGE", init: true, ports: ["127.0.0.1:${port}:80"] }`)).rejects.toMatchObject({
    code: "COMPOSE_UP_FAILED",
    message: expect.stringContaining(String(port)),
  });
  expect(await left(stack.project)).toEqual(nothing);
});

test("a service that is not healthy in time is an error that says what it waits for", async () => {
  const slow = 'healthcheck: { test: ["CMD-SHELL", "false"], interval: 30s, start_period: 60s }';
  const services = `  a: { image: "$IMAGE", init: true, ${slow} }
  b: { image: "$IMAGE", init: true, depends_on: { a: { condition: service_healthy } } }`;
  await expect(up(services, { readyTimeoutMs: 10_000 })).rejects.toMatchObject({
    code: "COMPOSE_NOT_READY",
    message: expect.stringContaining("a: its health check has not passed yet"),
  });
  expect(await left(stack.project)).toEqual(nothing);
});

test("the last 30 lines of a service that fails are in the error", async () => {
  const error = await up(`  a: { image: "$IMAGE", ${say("seq 1 50; exit 1")} }`).catch((thrown: Error) => thrown);
  const lines = (error as Error).message.split("\n").filter((line) => line.includes("| "));
  expect(lines).toEqual(Array.from({ length: 30 }, (_, n) => `    | ${n + 21}`));
});

test("a stack that ran before stays when an up of it fails", async () => {
  await up('  a: { image: "$IMAGE", init: true }');
  await stack.write(
    "compose.yml",
    `services:\n  a: { image: "$IMAGE", init: true }\n  b: { image: "$IMAGE", ${say("exit 1")} }`,
  );
  await expect(composeUp(repo, lab)).rejects.toMatchObject({ code: "COMPOSE_SERVICE_FAILED" });
  expect((await left(stack.project)).containers).toContain(`${stack.project}-a-1 running`);
});
