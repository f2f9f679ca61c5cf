import { readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Lab, labJson, startLab } from "@otto/lab";
import { findCriticalPath, parseTrace, type Trace } from "@otto/pictures";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runJson, runOtto } from "./otto-process.js";
import { createTestRepo, type TestRepo } from "./test-repo.js";

let lab: Lab<"bastion" | "parent">;
let repo: TestRepo;

beforeAll(async () => {
  lab = await startLab({ hosts: { bastion: { proxy: {} }, parent: { hop: "bastion" } } });
  repo = await createTestRepo({ OTTO_LAB: "veg" });
  await repo.write("lab.json", JSON.stringify(labJson(lab, "veg")));
  await repo.write("docker/Dockerfile", `FROM scratch\nCOPY root /\nCOPY marker /etc/marker\nRUN ["sleep", "1"]\n`);
  // No engine has a layer of it.
  await repo.write("docker/marker", repo.name);
  await repo.write("docker/compose.yml", compose(repo.name));
  await repo.write(".otto/instructions.ts", instructions);
});
afterAll(async () => {
  await repo[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

const compose = (name: string) => `services:
  db:
    image: ${name}-api:latest
    command: ["sh", "-c", "sleep 1; touch /ready; exec sleep infinity"]
    healthcheck: { test: "test -e /ready", interval: 1s }
  api:
    image: ${name}-api:latest
    command: ["sleep", "infinity"]
    depends_on: { db: { condition: service_healthy } }
`;

const instructions = `import { buildImages, composed } from "@otto/docker";
import { instruction } from "@otto/instructions";
export const work = instruction({ description: "uses the stack" }, async ({ repo, lab }) => {
  await buildImages(repo, lab.parentFor(repo), { rebuild: true });
  await using stack = await composed(repo, lab);
  await stack.hosts.api.exec(["true"]);
});
`;

interface Traced {
  readonly trace: Trace;
  readonly text: string;
  /** From the start of the process to its end, in milliseconds. */
  readonly wallMs: number;
  /** Bytes that the proxy carried meanwhile. */
  readonly carried: { readonly up: number; readonly down: number };
}

const proxied = () => ({ ...(lab.hosts.bastion.proxy?.bytes ?? { up: 0, down: 0 }) });

async function traced(file: string, ...argv: string[]): Promise<Traced> {
  const before = proxied();
  const startedAt = performance.now();
  const run = await runOtto(repo.place, [...argv, "--trace", file]);
  const wallMs = performance.now() - startedAt;
  expect([run.exitCode, run.stderr]).toEqual([0, expect.stringContaining(`trace: ${join(repo.root, file)}`)]);
  await lab.hosts.bastion.proxy?.idle();
  const after = proxied();
  const text = await readFile(join(repo.root, file), "utf8");
  const carried = { up: after.up - before.up, down: after.down - before.down };
  return { trace: parseTrace(text), text, wallMs, carried };
}

function expectWhole({ trace, wallMs, carried }: Traced): void {
  const path = findCriticalPath(trace);
  const sumMs = path.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
  const [{ startMs: beganMs, endMs }] = trace.spans;
  expect(sumMs).toBeCloseTo(endMs - beganMs, 3);
  // What lies before and behind it, a process's start and exit, takes as long as the machine is busy.
  expect(sumMs).toBeLessThan(wallMs);
  expect(sumMs, `${sumMs} of ${wallMs} ms`).toBeGreaterThan(0.6 * wallMs);
  for (const [index, { startMs }] of path.slice(1).entries()) expect(startMs).toBeCloseTo(path[index]?.endMs ?? 0, 3);
  const [{ facts }] = trace.spans;
  expect(facts["ssh.sent_bytes"]).toBe(carried.up);
  // What the server says of channels while the connection is being closed, nobody reads any more.
  const unread = carried.down - Number(facts["ssh.received_bytes"]);
  expect(unread).toBeGreaterThanOrEqual(0);
  expect(unread).toBeLessThan(1024);
}

const named = ({ trace }: Traced, name: RegExp) => trace.spans.filter((span) => name.test(span.name));
const lengthOf = (recorded: Traced, name: RegExp) =>
  Math.max(...named(recorded, name).map(({ startMs, endMs }) => endMs - startMs));

// One story: an up that builds, what is drawn of it, a down, and an instruction that does it all.
test("a trace has all that the time of a command went to, and the bytes that went over SSH", {
  timeout: 180_000,
}, async () => {
  const up = await traced("up.json", "docker", "up");
  expectWhole(up);
  expect(lengthOf(up, /RUN .*sleep/)).toBeGreaterThan(950);
  expect(lengthOf(up, /RUN .*sleep/)).toBeLessThan(3000);
  expect(lengthOf(up, /^db starting/)).toBeGreaterThan(900);
  expect(lengthOf(up, /^api waits for db/)).toBeGreaterThan(900);
  for (const part of [
    /^build api$/,
    /^connect to bastion$/,
    /^connect to parent$/,
    /^open a command on parent$/,
    /^apply the plan to/,
  ]) {
    expect(named(up, part).length, String(part)).toBeGreaterThan(0);
  }
  const [sent] = named(up, /^send the context of api$/);
  expect(sent?.facts.bytes).toBeGreaterThan(500_000);
  const slowest = findCriticalPath(up.trace).map(({ span }) => span.name);
  expect(slowest.some((name) => /RUN .*sleep/.test(name))).toBe(true);

  const drawn = await runJson(repo.place, ["trace", "up.json", "--format", "html"]);
  const record = drawn.lines.find(({ type }) => type === "trace");
  expect(record?.durationMs).toBeCloseTo(up.trace.spans[0].endMs - up.trace.spans[0].startMs, 1);
  expect(record?.text).toContain("Critical path");

  const down = await traced("down.trace", "docker", "down");
  expect(JSON.parse(down.text)).toMatchObject({ traceEvents: expect.any(Array), displayTimeUnit: "ms" });
  expectWhole(down);
  expect(named(down, /^take down/).length).toBe(1);

  const work = await traced("work.json", "run", "work");
  expectWhole(work);
  expect(named(work, /^build api$/).length).toBeGreaterThan(0);
  expect(lengthOf(work, /^db starting/)).toBeGreaterThan(900);
});

test("the trace of a suite has what its workers did with the stack", { timeout: 120_000 }, async () => {
  await symlink(modules, join(repo.root, "node_modules"));
  await repo.write("a.test.js", suite);
  const run = await traced("suite.json", "test", "--testTimeout", "100000");
  expectWhole(run);
  expect(lengthOf(run, /^db starting/)).toBeGreaterThan(900);
  expect(named(run, /^the stack of a suite$/).length).toBe(1);
});

const modules = fileURLToPath(new URL("../../../examples/suite/node_modules", import.meta.url));
const suite = `import { stackFixtures } from "@otto/vitest";
import { test as base } from "vitest";
const test = base.extend(stackFixtures({ services: ["api"] }));
test("uses it", async ({ hosts }) => void (await hosts.api.exec("true")));
`;

test("a dry run records nothing, and a trace that is none is refused with what to do", async () => {
  const { exitCode } = await runOtto(repo.place, ["docker", "up", "--dry-run", "--trace", "none.json"]);
  expect(exitCode).toBe(0);
  await expect(readFile(join(repo.root, "none.json"))).rejects.toThrow("ENOENT");
  const refused = await runOtto(repo.place, ["trace", "lab.json"]);
  expect([refused.exitCode, refused.stderr]).toEqual([
    1,
    expect.stringContaining("neither resourceSpans nor traceEvents"),
  ]);
  const missing = await runOtto(repo.place, ["trace", "none.json"]);
  expect([missing.exitCode, missing.stderr]).toEqual([2, expect.stringContaining("reading the trace none.json")]);
});
