import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { createLocalParent, createSshParent, type LockHolder, type Parent, withRemoteLock } from "@otto/hosts";
import { type Lab, startLab } from "@otto/lab";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";

let lab: Lab<"parent">;
let first: Parent;
let second: Parent;
let name: string;

beforeAll(async () => {
  lab = await startLab({ hosts: { parent: {} } });
  first = connect();
  second = connect();
});

afterAll(async () => {
  await first[Symbol.asyncDispose]();
  await second[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

beforeEach(() => {
  name = `test-${randomBytes(4).toString("hex")}`;
});

function connect(): Parent {
  const { address, port, user, privateKeyPath, fingerprint, docker: declared } = lab.hosts.parent;
  const credentials = [{ username: user, privateKeys: [{ path: privateKeyPath }] }] as const;
  const endpoint = { name: "parent", host: address, port, credentials, hostKey: { pin: fingerprint } };
  const docker = { command: declared.command, stagingRoot: undefined };
  return createSshParent({ id: "parent", route: [endpoint], docker, socketPath: declared.socketPath });
}

test("two sessions hold a lock one after the other, and the second is told who has it", async () => {
  const asked = Date.now();
  const order: string[] = [];
  const holders: LockHolder[] = [];
  let waiting: Promise<void> | undefined;
  let began = 0;
  await withRemoteLock(first, { name, who: "ann@work" }, async () => {
    began = Date.now();
    order.push("first in");
    waiting = withRemoteLock(second, { name, who: "bob", onWaiting: (holder) => holders.push(holder) }, async () => {
      order.push("second in");
    });
    await expect.poll(() => holders).toHaveLength(1);
    order.push("first out");
  });
  await waiting;
  expect(order).toEqual(["first in", "first out", "second in"]);
  expect(holders[0]?.who).toBe("ann@work");
  // A whole second is what the parent notes.
  expect(holders[0]?.since.getTime()).toBeGreaterThanOrEqual(asked - 1000);
  expect(holders[0]?.since.getTime()).toBeLessThanOrEqual(began);
});

test("twenty at once go one by one", async () => {
  let inside = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      withRemoteLock(n % 2 === 0 ? first : second, { name, who: `user ${n}` }, async () => {
        most = Math.max(most, ++inside);
        await new Promise((resolve) => setImmediate(resolve));
        inside -= 1;
      }),
    ),
  );
  expect(most).toBe(1);
});

/** A program that takes the lock; it says when it has it, or waits for it. */
function victim(who: string): string {
  return `
    import { createLocalParent, withRemoteLock } from "@otto/hosts";
    const parent = createLocalParent({ id: "local", docker: { command: ["docker"], stagingRoot: undefined }, env: process.env });
    const options = { name: "${name}", who: "${name} ${who}", onWaiting: () => console.log("waiting") };
    await withRemoteLock(parent, options, () => new Promise(() => { console.log("held"); setInterval(() => {}, 1000); }));
  `;
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

test("a holder that is killed lets go", async () => {
  const holder = spawn(process.execPath, ["--input-type=module", "--eval", victim("victim")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(holder.stdout, "data");
  const local = createLocalParent({
    id: "local",
    docker: { command: ["docker"], stagingRoot: undefined },
    socketPath: undefined,
    env: process.env,
  });
  const seen: string[] = [];
  const waiting = withRemoteLock(local, { name, who: "heir", onWaiting: ({ who }) => seen.push(who) }, async () => {});
  await expect.poll(() => seen).toEqual([`${name} victim`]);
  holder.kill("SIGKILL");
  // Within a second on a machine that is not busy.
  await waiting;
});

test("the body is told when its lock is lost, before another is in", async () => {
  const { promise: robbed, resolve: rob } = withResolvers<number>();
  const order: string[] = [];
  let other: Promise<void> | undefined;
  const body = async (signal: AbortSignal) => {
    other = withRemoteLock(
      second,
      { name, who: "bob", onWaiting: ({ pid }) => rob(pid ?? 0) },
      async () => void order.push("second in"),
    );
    process.kill(await robbed, "SIGKILL");
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    order.push("first told");
    signal.throwIfAborted();
  };
  await expect(withRemoteLock(first, { name, who: "ann" }, body)).rejects.toMatchObject({ code: "HOST_LOCK_LOST" });
  await other;
  expect(order.sort()).toEqual(["first told", "second in"]);
});

test("the body is told of the caller's abort, and keeps its lock until it has ended", async () => {
  const controller = new AbortController();
  const order: string[] = [];
  let other: Promise<void> | undefined;
  const body = async (signal: AbortSignal) => {
    const { promise: waits, resolve } = withResolvers<void>();
    other = withRemoteLock(
      second,
      { name, who: "bob", onWaiting: () => resolve() },
      async () => void order.push("second in"),
    );
    await waits;
    controller.abort();
    expect(signal.aborted).toBe(true);
    // Longer than a process group gets to end.
    await delay(2000);
    order.push("first out");
  };
  await withRemoteLock(first, { name, who: "ann", signal: controller.signal }, body);
  await other;
  expect(order).toEqual(["first out", "second in"]);
});

test("nothing stays on the parent of one that is killed while it waits", async () => {
  await withRemoteLock(first, { name, who: "ann" }, async () => {
    const waiter = spawn(process.execPath, ["--input-type=module", "--eval", victim("waits")], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(waiter.stdout, "data");
    expect(await commandsWith("waits")).not.toEqual([]);
    waiter.kill("SIGKILL");
    await expect.poll(() => commandsWith("waits")).toEqual([]);
  });
});

/** Commands of this machine with that last word. */
async function commandsWith(word: string): Promise<string[]> {
  const numbers = (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry));
  const commands = await Promise.all(numbers.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return commands.filter((command) => command.endsWith(`\0${name} ${word}\0`));
}

test("a wait can be aborted", async () => {
  const controller = new AbortController();
  await withRemoteLock(first, { name, who: "ann" }, async () => {
    const waiting = withRemoteLock(
      second,
      { name, who: "bob", signal: controller.signal, onWaiting: () => controller.abort() },
      async () => {},
    );
    await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
  });
});
