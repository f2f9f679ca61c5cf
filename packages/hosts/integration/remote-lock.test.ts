import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
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
  const { address, port, user, privateKeyPath, fingerprint } = lab.hosts.parent;
  const credentials = [{ username: user, privateKeys: [{ path: privateKeyPath }] }] as const;
  const endpoint = { name: "parent", host: address, port, credentials, hostKey: { pin: fingerprint } };
  const docker = { command: ["docker"], stagingRoot: undefined };
  return createSshParent({ id: "parent", route: [endpoint], docker, socketPath: undefined });
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

test("a holder that is killed lets go", async () => {
  const script = `
    import { createLocalParent, withRemoteLock } from "@otto/hosts";
    const parent = createLocalParent({ id: "local", docker: { command: ["docker"], stagingRoot: undefined }, env: process.env });
    await withRemoteLock(parent, { name: "${name}", who: "victim" }, () => new Promise(() => { console.log("held"); setInterval(() => {}, 1000); }));
  `;
  const holder = spawn(process.execPath, ["--input-type=module", "--eval", script], {
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
  await expect.poll(() => seen).toEqual(["victim"]);
  holder.kill("SIGKILL");
  // Within a second on a machine that is not busy.
  await waiting;
});

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
