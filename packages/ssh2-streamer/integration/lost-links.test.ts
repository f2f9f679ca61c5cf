import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setImmediate } from "node:timers/promises";
import { isOttoError } from "@otto/errors";
import { type Lab, startLab } from "@otto/lab";
import { openSshSession, type SshSession } from "ssh2-streamer";
import { afterEach, beforeEach, expect, test } from "vitest";
import { routeTo } from "./lab-route.js";

let lab: Lab<"bastion" | "parent">;
let session: SshSession;

beforeEach(async () => {
  lab = await startLab({ hosts: { bastion: { proxy: {} }, parent: { hop: "bastion", proxy: {} } } });
  session = openSshSession(routeTo(lab, "parent"));
  await session.connect();
});

afterEach(async () => {
  await session.close();
  await lab[Symbol.asyncDispose]();
});

/** Finds a silence in seconds. Where none is due, one of a busy machine must not be found. */
const openWatchful = () => openSshSession(routeTo(lab, "parent", { keepaliveIntervalMs: 1000, keepaliveCountMax: 3 }));

// Waits from now on, so that what fails meanwhile is nobody's unhandled rejection.
async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return isOttoError(error) ? error.code : String(error);
}

const handshakes = () => Promise.all([lab.hosts.bastion.handshakes(), lab.hosts.parent.handshakes()]);

test("a link that swallows is found by its silence, and everything under way ends saying what it was", async () => {
  await using session = openWatchful();
  const running = session.exec(["sleep", "60"]);
  const stream = await session.dialEngine();
  const process = await session.spawn(["sh", "-c", "echo ready; cat"]);
  const [ready] = (await process.stdout.take(1).toArray()) as [Buffer];
  expect(ready.toString()).toBe("ready\n");
  lab.hosts.bastion.proxy?.swallow(true);
  const startedAt = performance.now();
  await expect(running).rejects.toMatchObject({
    code: "SSH_CONNECTION_LOST",
    details: { hop: "bastion", inFlight: "sleep 60" },
  });
  // Some 4 s where nothing else keeps the machine busy.
  expect(performance.now() - startedAt).toBeLessThan(30_000);
  expect(await codeOf(text(stream))).toBe("SSH_CONNECTION_LOST");
  expect(await codeOf(process.exit)).toBe("SSH_CONNECTION_LOST");
});

test("on a link that swallows, a timeout, an abort and a close do not wait for it", async () => {
  await using session = openSshSession(routeTo(lab, "parent", { keepaliveIntervalMs: 0 }));
  const controller = new AbortController();
  const { signal } = controller;
  const process = await session.spawn(["sh", "-c", "echo ready; sleep 60"], { signal });
  await process.stdout.take(1).toArray();
  lab.hosts.parent.proxy?.swallow(true);
  const late = session.exec(["true"], { timeoutMs: 100 });
  const aborted = [process.exit, session.spawn(["true"], { signal }), session.dialEngine({ signal })];
  controller.abort();
  const outcomes = await Promise.allSettled([late, ...aborted]);
  const ended = { status: "rejected", reason: { name: "AbortError" } };
  expect(outcomes).toMatchObject([{ reason: { code: "COMMAND_TIMED_OUT" } }, ended, ended, ended]);
});

test("the hop that fell silent is the one that is named", async () => {
  await using session = openWatchful();
  const process = await session.spawn(["sleep", "60"]);
  lab.hosts.parent.proxy?.swallow(true);
  await expect(process.exit).rejects.toMatchObject({ code: "SSH_CONNECTION_LOST", details: { hop: "parent" } });
});

test("after a loss, many calls at once connect again once", async () => {
  lab.hosts.bastion.proxy?.cut();
  const results = await Promise.all(Array.from({ length: 9 }, (_, index) => session.exec(["echo", String(index)])));
  expect(results.map(({ stdout }) => Number(stdout.toString()))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(await handshakes()).toEqual([2, 2]);
});

test("a target that is lost alone keeps its bastion's connection", async () => {
  lab.hosts.parent.proxy?.cut();
  expect((await session.exec(["true"])).exitCode).toBe(0);
  expect(await handshakes()).toEqual([1, 2]);
});

test("a command that had started is never run again", async () => {
  const file = join(lab.directory, "runs");
  const running = codeOf(session.exec(["sh", "-c", 'echo run >>"$1"; sleep 60', "sh", file]));
  await expect.poll(() => readFile(file, "utf8").catch(() => "")).toBe("run\n");
  lab.hosts.parent.proxy?.cut();
  expect(await running).toBe("SSH_CONNECTION_LOST");
  expect((await session.exec(["cat", file])).stdout.toString()).toBe("run\n");
});

test.each(["parent", "bastion"] as const)(
  "killing the sshd of the %s ends calls; the next one connects again",
  async (name) => {
    const running = codeOf(session.exec(["sleep", "60"]));
    await session.exec(["true"]);
    await lab.hosts[name].stop();
    expect(await running).toBe("SSH_CONNECTION_LOST");
    await expect(session.exec(["true"])).rejects.toMatchObject({ code: "SSH_CONNECT_FAILED", details: { hop: name } });
    await lab.hosts[name].start();
    expect((await session.exec(["true"])).exitCode).toBe(0);
  },
);

test("closing the session ends what is under way and waits, and later calls", async () => {
  const running = codeOf(session.exec(["sleep", "60"]));
  await session.close();
  expect(await running).toMatch(/^SSH_(CONNECTION_LOST|SESSION_CLOSED)$/);
  expect(await codeOf(session.exec(["true"]))).toBe("SSH_SESSION_CLOSED");
});

test("200 cuts at random bytes: every call ends in time, with a result or a code, and the session goes on", async () => {
  const rejections: unknown[] = [];
  const note = (reason: unknown) => rejections.push(reason);
  process.on("unhandledRejection", note);
  const bytes = randomBytes(100_000);
  const outcomes = new Map<string, number>();
  for (let round = 0; round < 200; round += 1) {
    const proxy = lab.hosts[round % 2 === 0 ? "bastion" : "parent"].proxy;
    // Early bytes are handshakes and openings: as many cuts among them as in the data.
    const cut = proxy?.cutAfter(Math.ceil(10 ** (1 + Math.random() * 4.4)));
    const calls = [
      session.exec(["cat"], { stdin: bytes }).then(({ stdout }) => expect(stdout.equals(bytes)).toBe(true)),
      session.exec(["head", "-c", "100000", "/dev/zero"]).then(({ stdout }) => expect(stdout).toHaveLength(100_000)),
      session.dialEngine().then(async (stream) => {
        stream.write("GET /_ping HTTP/1.0\r\n\r\n");
        expect(await text(stream)).toContain("200 OK");
      }),
    ];
    const late = new Promise((resolve) => setTimeout(resolve, 60_000, "late").unref());
    const ended = await Promise.race([Promise.allSettled(calls), late]);
    expect(ended).not.toBe("late");
    for (const result of ended as PromiseSettledResult<void>[]) {
      const outcome = result.status === "fulfilled" ? "ok" : await codeOf(Promise.reject(result.reason as Error));
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    await Promise.race([cut, session.exec(["head", "-c", "300000", "/dev/zero"]).catch(() => cut)]);
  }
  process.off("unhandledRejection", note);
  expect(rejections).toEqual([]);
  expect(
    [...outcomes.keys()].filter((outcome) => !/^(ok|SSH_CONNECTION_LOST|SSH_CONNECT_FAILED)$/.test(outcome)),
  ).toEqual([]);
  expect(outcomes.get("SSH_CONNECTION_LOST")).toBeGreaterThan(50);
  expect((await session.exec(["true"])).exitCode).toBe(0);
}, 600_000);

test("a stream that is opened and lost in one go is opened again, not handed over dead", async () => {
  // Proxies would run in this process, which is to see both at once.
  await using direct = await startLab({ hosts: { bastion: {}, parent: { hop: "bastion" } } });
  await using session = openSshSession(routeTo(direct, "parent"));
  const { stdout } = await session.exec(["sh", "-c", "echo $PPID"]);
  const dialing = session.dialEngine();
  // It sends what it asks.
  await setImmediate();
  execFileSync("sh", ["-c", 'sleep 0.5; kill -KILL "$1"; sleep 0.5', "sh", stdout.toString().trim()]);
  const stream = await dialing;
  stream.end("GET /_ping HTTP/1.0\r\n\r\n");
  expect(await text(stream)).toContain("200 OK");
});
