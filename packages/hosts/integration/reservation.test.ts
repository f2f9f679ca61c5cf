import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { createRandom, findLockViolations, type LockEvent, readRandomRun } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";

/*
 * Clients are processes, which can be killed, of several logins: user ids that nobody on the machine has. They run in a mount
 * namespace with lock directories of its own, so that nobody else's work on this machine is refused. Needs root.
 */

let keeper: ChildProcess;
const clients = new Set<Client>();

beforeAll(async () => {
  const mounts =
    "for base in /run/lock /dev/shm /var/tmp; do mount -t tmpfs -o mode=1777 tmpfs $base; done; echo ready; read -r _";
  keeper = spawn("unshare", ["--mount", "--propagation", "private", "sh", "-c", mounts], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await once(keeper.stdout as NodeJS.ReadableStream, "data");
});
afterAll(async () => {
  await Promise.all([...clients].map((client) => client.kill()));
  const closed = once(keeper, "close");
  keeper.stdin?.end();
  await closed;
});

const program = `
import { createLocalParent, extendReservation, readParentLog, readReservations, refuseReserved, releaseParent, reserveParent, withRemoteLock } from "@otto/hosts";
import { createInterface } from "node:readline";
const who = process.argv.at(-1) + " (process " + process.pid + ")";
const parent = createLocalParent({ id: "pepper", docker: { command: ["docker"], stagingRoot: undefined }, env: process.env });
const say = (what, more) => console.log(JSON.stringify({ what, at: performance.timeOrigin + performance.now(), ...more }));
let held;
const verbs = {
  async reserve({ forMs, waits, says = true }) {
    if (says) say("ask");
    const onQueued = (ahead) => says && say("queued", { ahead });
    held = await reserveParent(parent, { who, forMs, waits, onQueued, onWaiting: (first) => say("waiting", { first }) });
    held.lost.addEventListener("abort", () => say("lost", { message: held.lost.reason.message }));
    say("held", { until: held.until });
  },
  async dispose() { say("release"); await held[Symbol.asyncDispose](); say("gone"); },
  async release({ breaks }) { say("done", { ended: await releaseParent(parent, { who, breaks }) }); },
  async extend({ byMs }) { say("done", { extended: await extendReservation(parent, { who, byMs }) }); },
  async log() { say("done", { lines: await readParentLog(parent) }); },
  async list() { say("done", { line: await readReservations(parent) }); },
  async refuse() { await refuseReserved(parent, { who }); say("done"); },
  async lock() { await withRemoteLock(parent, { name: "any", who }, async () => say("done")); },
};
for await (const line of createInterface({ input: process.stdin })) {
  const { verb, ...options } = JSON.parse(line);
  verbs[verb](options).catch(({ code, message }) => say("failed", { code, message }));
}
`;

interface Said {
  readonly what: string;
  /** Milliseconds. */
  readonly at: number;
  readonly [key: string]: unknown;
}

/** A process of otto's on the machine. */
class Client {
  /** What nobody has waited for. */
  readonly unheard: Said[] = [];
  readonly #process: ChildProcess;
  readonly #lines: Interface;

  constructor(
    readonly owner: string,
    readonly uid: number,
  ) {
    const enter = ["nsenter", `--mount=/proc/${keeper.pid}/ns/mnt`, `--wdns=${import.meta.dirname}`];
    const login = ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"];
    const [file, ...argv] = [
      ...enter,
      ...login,
      process.execPath,
      "--input-type=module",
      "--eval",
      program,
      "--",
      owner,
    ];
    this.#process = spawn(file, argv, { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface({ input: this.#process.stdout as NodeJS.ReadableStream });
    this.#lines.on("line", (line) => this.unheard.push(JSON.parse(line) as Said));
    clients.add(this);
  }

  tell(verb: string, options: object = {}): void {
    this.#process.stdin?.write(`${JSON.stringify({ verb, ...options })}\n`);
  }

  /** Waits for the next event of these kinds. @throws what fails meanwhile */
  async hear(...kinds: readonly string[]): Promise<Said> {
    for (;;) {
      const index = this.unheard.findIndex(({ what }) => [...kinds, "failed"].includes(what));
      const [found] = index === -1 ? [] : this.unheard.splice(index, 1);
      if (found === undefined) await once(this.#lines, "line");
      else if (kinds.includes(found.what)) return found;
      else throw new Error(JSON.stringify(found));
    }
  }

  /** @returns what came of it, or how it failed */
  async ask(verb: string, options: object = {}): Promise<Said> {
    this.tell(verb, options);
    return this.hear(verb === "reserve" ? "held" : "done", "failed");
  }

  /** @returns when it is gone */
  async kill(): Promise<void> {
    clients.delete(this);
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const closed = once(this.#process, "close");
    this.#process.kill("SIGKILL");
    await closed;
  }
}

const [root, ann, bob] = [0, 810_001, 810_002] as const;

/** The tickets that are left on the machine, and the processes. */
async function leftovers(): Promise<string> {
  const list = "ls -d /run/lock/otto-*/host.reserved/* 2>/dev/null; grep -lsa 'otto-reserv[e]' /proc/[0-9]*/cmdline";
  const { stdout } = await promisify(execFile)("nsenter", [
    `--mount=/proc/${keeper.pid}/ns/mnt`,
    "sh",
    "-c",
    `${list}; :`,
  ]);
  return stdout;
}

test("others are refused, by each lock too, with the holder and the end; the owner is not", async () => {
  const [ada, sameAda, eve] = [new Client("ada@desk", ann), new Client("ada@desk", ann), new Client("eve@desk", ann)];
  const asked = Date.now();
  const held = await ada.ask("reserve", { forMs: 600_000 });
  expect(held).toMatchObject({ what: "held" });
  const left = Date.parse(String(held.until)) - asked;
  expect(left).toBeGreaterThan(599_000);
  expect(left).toBeLessThan(700_000);
  for (const verb of ["refuse", "lock", "release", "extend", "reserve"]) {
    expect(await eve.ask(verb, { byMs: 1000 }), verb).toMatchObject({
      what: "failed",
      code: "HOST_RESERVED",
      message: expect.stringMatching(new RegExp(`^pepper is reserved by ada@desk \\(there: uid ${ann}\\) until 20..-`)),
    });
  }
  // The same name on another login is somebody else.
  const other = new Client("ada@desk", bob);
  expect(await other.ask("refuse")).toMatchObject({ code: "HOST_RESERVED" });
  for (const verb of ["refuse", "lock"]) expect(await sameAda.ask(verb), verb).toMatchObject({ what: "done" });
  // It needs its client no more.
  await ada.kill();
  expect(await eve.ask("lock")).toMatchObject({ code: "HOST_RESERVED" });
  expect(await sameAda.ask("extend", { byMs: 3_600_000 })).toMatchObject({ what: "done" });
  const { line } = (await eve.ask("list")) as unknown as {
    line: readonly { owner: string; uid: number; until: string }[];
  };
  expect(line).toMatchObject([{ owner: "ada@desk", uid: ann }]);
  expect(Date.parse(line[0]?.until ?? "") - asked).toBeGreaterThan(4_100_000);
  expect(await sameAda.ask("release")).toMatchObject({ ended: { owner: "ada@desk" } });
  expect(await eve.ask("lock")).toMatchObject({ what: "done" });
  expect(await eve.ask("release")).not.toHaveProperty("ended");
  expect(await eve.ask("extend", { byMs: 1000 })).toMatchObject({ code: "HOST_NOT_RESERVED" });
  await Promise.all([sameAda, eve, other].map((client) => client.kill()));
  await expect.poll(leftovers).toBe("");
});

test("a reservation without a time ends with its client, one with a time at its end, and the next has it then", async () => {
  const [ada, eve, cyd] = [new Client("ada@desk", ann), new Client("eve@desk", bob), new Client("cyd@desk", root)];
  await ada.ask("reserve");
  eve.tell("reserve", { forMs: 1000, waits: true });
  await eve.hear("queued");
  cyd.tell("reserve", { waits: true });
  await cyd.hear("queued");
  expect(await ada.ask("extend", { byMs: 1000 })).toMatchObject({ code: "HOST_RESERVATION_ENDLESS" });
  expect(await ada.ask("list")).toMatchObject({
    line: [{ owner: "ada@desk" }, { owner: "eve@desk" }, { owner: "cyd@desk" }],
  });
  await ada.kill();
  const { at: begun } = await eve.hear("held");
  expect((await cyd.hear("held")).at - begun).toBeGreaterThanOrEqual(1000);
  cyd.tell("dispose");
  await cyd.hear("gone");
  await Promise.all([eve, cyd].map((client) => client.kill()));
  await expect.poll(leftovers).toBe("");
});

test("another login breaks a reservation; its client learns by whom, and the line goes on", async () => {
  const [ada, eve, cyd] = [new Client("ada@desk", ann), new Client("eve@desk", bob), new Client("cyd@desk", ann)];
  await ada.ask("reserve");
  cyd.tell("reserve", { waits: true, forMs: 60_000 });
  await cyd.hear("queued");
  expect(await eve.ask("release", { breaks: true })).toMatchObject({ ended: { owner: "ada@desk", uid: ann } });
  expect(await ada.hear("lost")).toMatchObject({
    message: `the reservation of pepper is over: eve@desk (there: uid ${bob}) has ended it`,
  });
  expect(await cyd.hear("held")).toMatchObject({ what: "held" });
  expect(await eve.ask("release", { breaks: true })).toMatchObject({ ended: { owner: "cyd@desk" } });
  const { lines } = (await eve.ask("log")) as unknown as {
    lines: readonly { do: string; uid: number; text: string }[];
  };
  expect(lines.filter((line) => line.do === "break")).toMatchObject([
    { uid: bob, text: "the reservation of ada@desk" },
    { uid: bob, text: "the reservation of cyd@desk" },
  ]);
  expect(await eve.ask("lock")).toMatchObject({ what: "done" });
  await Promise.all([ada, eve, cyd].map((client) => client.kill()));
  await expect.poll(leftovers).toBe("");
});

const { count, seed, label } = readRandomRun("OTTO_ROUNDS", 2);

test(`of clients that come, wait, are killed and end as they like, never two have it, first in, first out (${label})`, {
  timeout: 30_000 + count * 20_000,
}, async () => {
  const random = createRandom(seed);
  const history: LockEvent[] = [];
  const all = Array.from({ length: 9 }, (_, n) => new Client(`user${n}@desk`, [root, ann, bob][n % 3] as number));
  const play = async (n: number, round: number) => {
    const who = `${n} in round ${round}`;
    const note = (what: LockEvent["what"], at: number) => history.push({ who, what, at });
    const [kind, before, meanwhile] = [random(5), random(300), random(300)] as const;
    const client = all[n] as Client;
    await delay(before);
    client.tell("reserve", { waits: true, forMs: kind === 0 ? 1000 : undefined });
    note("ask", (await client.hear("ask")).at);
    note("queued", (await client.hear("queued")).at);
    if (kind > 1) note("held", (await client.hear("held")).at);
    if (kind === 0) {
      const { at } = await client.hear("held");
      note("held", at);
      note("release", at + 1000);
      return;
    }
    await delay(meanwhile);
    if (kind < 3) {
      // With kind 1 wherever it is in the line by then.
      note("release", now());
      await client.kill();
      for (const { what, at } of client.unheard) if (kind === 1 && what === "held") note("held", at);
      all[n] = new Client(client.owner, client.uid);
    } else {
      client.tell("dispose");
      note("release", (await client.hear("release")).at);
      await client.hear("gone");
    }
  };
  for (let round = 0; round < count; round += 1) await Promise.all(all.map((_, n) => play(n, round)));
  await Promise.all(all.map((client) => client.kill()));
  expect(findLockViolations(history), JSON.stringify(history)).toEqual([]);
  expect(history.filter(({ what }) => what === "held").length).toBeGreaterThanOrEqual(count * all.length * 0.5);
});

const now = () => performance.timeOrigin + performance.now();
