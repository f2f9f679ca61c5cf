import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { DockerContainerHost, type LogLine, type Parent, readServiceLogs } from "@otto/hosts";
import { createBusyboxImage, createMemoryGauge, type Lab, startLab } from "@otto/lab";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { connectParent } from "./conformance-parents.js";
import { type LabelledContainer, runLabelled } from "./labelled-container.js";

const execute = promisify(execFile);
const image = `otto-logs-${randomBytes(4).toString("hex")}:1`;
const cleanUps: (() => PromiseLike<unknown>)[] = [];
/** How often the link is cut. */
const cuts = Number(process.env.OTTO_CUTS ?? 6);
let lab: Lab<"bastion" | "inner" | "narrow">;
let parent: Parent;
let narrow: Parent;
let project: string;

beforeAll(async () => {
  const busybox = await createBusyboxImage(image);
  cleanUps.push(() => busybox[Symbol.asyncDispose]());
  lab = await startLab({
    hosts: {
      bastion: {},
      inner: { hop: "bastion", proxy: {} },
      narrow: { maxSessions: 1, allowTcpForwarding: false, allowStreamLocalForwarding: false },
    },
  });
  cleanUps.push(() => lab[Symbol.asyncDispose]());
  parent = connectParent(lab, "bastion", "inner");
  narrow = connectParent(lab, "narrow");
  for (const one of [parent, narrow]) cleanUps.push(() => one[Symbol.asyncDispose]());
});

afterAll(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
});

beforeEach(() => {
  project = `otto-logs-${randomBytes(4).toString("hex")}`;
});

function run(script: string, more: { service?: string; replica?: number; flags?: readonly string[] } = {}) {
  return runLabelled({ image, project, service: "api", ...more }, "sh", "-c", script);
}

function hostOn({ engine }: Parent): DockerContainerHost {
  return new DockerContainerHost({ id: "inner.r.api", service: "api", project, replica: 1, engine });
}

async function exited(id: string): Promise<void> {
  await execute("docker", ["wait", id]);
}

/** Waits, in a container, for {@link tell}. */
const told = "until [ -e /go ]; do usleep 50000; done";

async function tell({ id }: LabelledContainer): Promise<void> {
  await execute("docker", ["exec", id, "touch", "/go"]);
}

async function take(lines: AsyncIterable<LogLine>, isLast: (line: LogLine) => boolean): Promise<LogLine[]> {
  const taken: LogLine[] = [];
  for await (const line of lines) {
    taken.push(line);
    if (isLast(line)) break;
  }
  return taken;
}

const all = (lines: AsyncIterable<LogLine>) => take(lines, () => false);
const texts = (lines: readonly LogLine[]) => lines.map(({ text }) => text);
const numbered = (count: number) => Array.from({ length: count }, (_, n) => `line ${n}`);
const count = (lines: number, pause = ":") =>
  `n=0; while [ $n -lt ${lines} ]; do echo line $n; n=$((n + 1)); [ $((n % 100)) -ne 0 ] || ${pause}; done`;

test("lines come exact, with their output and time, in the engine's order", async () => {
  // The engine reads each stream by itself: what is written at once may come in either order.
  // Its default driver replaces what is not UTF-8.
  const flags = ["--log-driver", "local"];
  const script = "echo out; sleep 1; echo err >&2; sleep 1; printf 'a\\377b\\n\\nunended'";
  await using container = await run(script, { flags });
  await exited(container.id);
  const lines = await all(hostOn(parent).logs());
  expect(lines.map(({ stream, bytes }) => [stream, bytes.toString("latin1")])).toEqual([
    ["stdout", "out"],
    ["stderr", "err"],
    ["stdout", "a\u00ffb"],
    ["stdout", ""],
    ["stdout", "unended"],
  ]);
  for (const { timestamp } of lines) expect(timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
  expect(lines.map(({ timestamp }) => timestamp).toSorted()).toEqual(lines.map(({ timestamp }) => timestamp));
});

test.each([
  ["a container's", []],
  ["a terminal's", ["--tty"]],
])("%s line of 100,000 bytes is one line", async (_, flags) => {
  await using container = await run("head -c 100000 /dev/zero | tr '\\0' x; echo; echo next", { flags });
  await exited(container.id);
  expect(texts(await all(hostOn(parent).logs()))).toEqual(["x".repeat(100_000), "next"]);
});

test("tail and since choose lines", async () => {
  await using container = await run(count(10));
  await exited(container.id);
  const host = hostOn(parent);
  const lines = await all(host.logs());
  expect(texts(lines)).toEqual(numbered(10));
  expect(texts(await all(host.logs({ tail: 3 })))).toEqual(numbered(10).slice(7));
  expect(await all(host.logs({ tail: 0 }))).toEqual([]);
  expect(texts(await all(host.logs({ since: lines[4]?.timestamp })))).toEqual(numbered(10).slice(4));
  expect(texts(await all(host.logs({ since: "1h" })))).toEqual(numbered(10));
  expect(await all(host.logs({ since: new Date(Date.now() + 3_600_000) }))).toEqual([]);
});

test("a time or a number that is none is the caller's mistake", () => {
  expect(() => hostOn(parent).logs({ since: "yesterday" })).toThrow(TypeError);
  expect(() => hostOn(parent).logs({ tail: -1 })).toThrow(TypeError);
});

test("the log of a service without a container says what to do", async () => {
  await expect(all(hostOn(parent).logs())).rejects.toMatchObject({
    code: "HOST_NOT_RUNNING",
    hint: expect.stringContaining("otto docker up"),
  });
});

test(`a link that is cut ${cuts} times loses and repeats no line`, async () => {
  await using _ = await run(`${count(200 * (cuts + 1), "usleep 20000")}; echo end; sleep infinity`);
  const read: string[] = [];
  for await (const { text } of hostOn(parent).logs({ follow: true })) {
    if (text === "end") break;
    read.push(text);
    if (read.length % 200 === 100 && read.length < 200 * cuts) lab.hosts.inner.proxy?.cut();
  }
  expect(read).toEqual(numbered(200 * (cuts + 1)));
});

test("a history that is cut in its middle comes whole", async () => {
  await using container = await run(count(20_000));
  await exited(container.id);
  const cutting = lab.hosts.inner.proxy?.cutAfter(200_000);
  expect(texts(await all(hostOn(parent).logs()))).toEqual(numbered(20_000));
  await cutting;
});

test("with tail 0 nothing of the past comes, and all of the future", async () => {
  await using _ = await run("n=0; while :; do echo $n; n=$((n + 1)); usleep 20000; done");
  const host = hostOn(parent);
  await take(host.logs({ follow: true }), ({ text }) => text === "5");
  const [past] = await take(host.logs({ tail: 1 }), () => true);
  const read: number[] = [];
  for await (const { text } of host.logs({ follow: true, tail: 0 })) {
    read.push(Number(text));
    if (read.length % 10 === 1) lab.hosts.inner.proxy?.cut();
    if (read.length === 40) break;
  }
  const [first = 0] = read;
  expect(first).toBeGreaterThan(Number(past?.text));
  expect(read).toEqual(Array.from({ length: 40 }, (_, n) => first + n));
});

test("a container that is restarted or replaced is followed on", async () => {
  const script = "echo begin $HOSTNAME; sleep infinity";
  await using _other = await run("sleep infinity", { service: "db" });
  const first = await run(script, { flags: ["--hostname", "one"] });
  const lines = hostOn(parent).logs({ follow: true });
  const next = async () => (await lines.next()).value?.text;
  expect(await next()).toBe("begin one");
  await execute("docker", ["restart", "--time", "0", first.id]);
  expect(await next()).toBe("begin one");
  await first[Symbol.asyncDispose]();
  await using _ = await run(script, { flags: ["--hostname", "two"] });
  expect(await next()).toBe("begin two");
  await lines.return();
});

test("several services and replicas come in order of time, each line with whose it is", async () => {
  const script = (n: number) => `usleep ${n * 300_000}; echo at ${n}; sleep infinity`;
  await using _a = await run(script(1));
  await using _b = await run(script(2), { replica: 2 });
  await using _c = await run(script(3), { service: "web" });
  await using _d = await run(script(1), { service: "db" });
  const options = { follow: true } as const;
  const following = readServiceLogs(parent.engine, { project, services: ["api", "web"] }, options);
  await take(following, ({ text }) => text === "at 3");
  const lines: string[] = [];
  for await (const { service, replica, text } of readServiceLogs(parent.engine, { project, services: ["api", "web"] }))
    lines.push(`${service}.${replica} ${text}`);
  expect(lines).toEqual(["api.1 at 1", "api.2 at 2", "web.1 at 3"]);
});

test("with one session and no forwarding, two containers are followed", async () => {
  await using _a = await run("echo a; sleep infinity");
  await using b = await run(`${told}; echo b; sleep infinity`, { service: "web" });
  const lines = readServiceLogs(narrow.engine, { project }, { follow: true });
  const next = async () => (await lines.next()).value?.text;
  expect(await next()).toBe("a");
  await tell(b);
  expect(await next()).toBe("b");
  await lines.return();
});

test("following ends when the project has no container left, of any service, with all that they wrote", async () => {
  const api = await run("echo begin; trap 'echo end; exit' TERM; while :; do usleep 10000; done");
  const db = await run("sleep infinity", { service: "db" });
  const lines = hostOn(parent).logs({ follow: true });
  const nextText = async () => (await lines.next()).value?.text;
  expect(await nextText()).toBe("begin");
  const other = readServiceLogs(parent.engine, { project, services: ["none"] }, { follow: true });
  const next = other.next();
  await execute("docker", ["stop", api.id]);
  expect(await nextText()).toBe("end");
  await api[Symbol.asyncDispose]();
  await using again = await run("echo again");
  // What nobody has read of a container goes with it.
  expect(await nextText()).toBe("again");
  await db[Symbol.asyncDispose]();
  await again[Symbol.asyncDispose]();
  expect(await lines.next()).toMatchObject({ done: true });
  expect(await next).toMatchObject({ done: true });
  expect(await all(readServiceLogs(parent.engine, { project }, { follow: true }))).toEqual([]);
});

test("with one session and no forwarding, ten are followed at once", async () => {
  await using container = await run(`echo a; ${told}; echo b; sleep infinity`);
  const followers = Array.from({ length: 10 }, () => hostOn(narrow).logs({ follow: true }));
  const next = async () => (await Promise.all(followers.map((lines) => lines.next()))).map(({ value }) => value?.text);
  expect(await next()).toEqual(followers.map(() => "a"));
  await tell(container);
  expect(await next()).toEqual(followers.map(() => "b"));
  await Promise.all(followers.map((lines) => lines.return()));
});

test("following ends when the host is closed, and throws when it is aborted", async () => {
  await using _ = await run("echo begin; sleep infinity");
  const host = hostOn(parent);
  const closed = host.logs({ follow: true });
  await closed.next();
  const end = closed.next();
  await host[Symbol.asyncDispose]();
  expect(await end).toEqual({ done: true, value: undefined });
  const controller = new AbortController();
  const aborted = host.logs({ follow: true, signal: controller.signal });
  await aborted.next();
  const failing = aborted.next();
  controller.abort();
  await expect(failing).rejects.toMatchObject({ name: "AbortError" });
});

test("a log is not held in memory", async () => {
  const lines = 60_000;
  await using container = await run(`yes $(head -c 1999 /dev/zero | tr '\\0' x) | head -n ${lines}`);
  await exited(container.id);
  const heldBytes = createMemoryGauge();
  const before = heldBytes();
  let read = 0;
  let most = 0;
  for await (const _ of hostOn(parent).logs()) {
    read += 1;
    if (read % 1000 === 0) most = Math.max(most, heldBytes());
  }
  expect(read).toBe(lines);
  // Of 120 MB.
  expect(most - before).toBeLessThan(64_000_000);
});
