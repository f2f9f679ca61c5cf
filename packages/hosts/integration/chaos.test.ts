import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { isOttoError } from "@otto/errors";
import type { DockerContainerHost } from "@otto/hosts";
import { createRandom, readRandomRun } from "@otto/lab";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type ContainerPlace, startPlace } from "./container-places.js";

const execute = promisify(execFile);
const docker = (...argv: string[]) => execute("docker", argv);
const { count: cuts, seed, label } = readRandomRun("OTTO_CUTS", 10);
let place: ContainerPlace;

beforeAll(async () => {
  place = await startPlace("busybox");
});
afterAll(async () => {
  await place[Symbol.asyncDispose]();
});

const hosts: DockerContainerHost[] = [];
afterEach(async () => {
  for (const host of hosts.splice(0)) await host[Symbol.asyncDispose]();
});

function connect() {
  const connected = place.connect();
  hosts.push(connected.host);
  return connected;
}

const runs = (words: string) => expect.poll(() => place.count(words)).toBe(1);

test("a container that is killed ends what ran with an error, and the same host works after its start", async () => {
  const { host } = connect();
  const running = host.run("sleep 701", { timeoutMs: 60_000 }).catch((error: unknown) => error);
  const executing = host.exec(["sleep", "702"], { timeoutMs: 60_000 });
  await runs("sleep 701");
  await runs("sleep 702");
  await docker("kill", place.container);
  await docker("wait", place.container);
  expect(await running).toMatchObject({ code: "HOST_SHELL_LOST" });
  expect(await executing).toMatchObject({ exitCode: 137 });
  await expect(host.exec(["true"])).rejects.toMatchObject({
    code: expect.stringMatching(/^(HOST_NOT_RUNNING|ENGINE_REQUEST_FAILED)$/) as string,
  });
  await docker("start", place.container);
  expect(await host.run("echo back")).toMatchObject({ stdout: Buffer.from("back\n"), inNewShell: true });
  expect(await host.exec(["cat"], { stdin: "back" })).toMatchObject({ stdout: Buffer.from("back") });
});

test("a container that is restarted between two commands has a new shell, and says so", async () => {
  const { host } = connect();
  await host.run("kept=yes");
  await docker("restart", "--time", "0", place.container);
  expect(await host.run("echo [$kept]")).toMatchObject({ stdout: Buffer.from("[]\n"), inNewShell: true });
});

test("on a link that swallows, no time limit and no abort waits for it", async () => {
  const { host, parent } = connect();
  for (const either of [host, parent]) await either.run("true");
  const proxy = place.lab.hosts.parent.proxy;
  proxy?.swallow(true);
  try {
    const limits = { timeoutMs: 500 };
    const ended = await Promise.all([
      host.exec(["sleep", "705"], limits),
      host.exec(["cat"], { ...limits, stdin: "words" }),
      host.run("sleep 705", limits),
      parent.exec(["sleep", "705"], limits),
      parent.run("sleep 705", limits),
    ]);
    expect(ended.map(({ timedOut }) => timedOut)).toEqual([true, true, true, true, true]);
    const there = join(place.lab.directory, "swallowed");
    const copies = [host, parent].flatMap((either) => [
      either.put("/etc/hostname", there, { signal: AbortSignal.timeout(500) }),
      either.get("/etc/hostname", there, { signal: AbortSignal.timeout(500) }),
    ]);
    for (const copied of await Promise.allSettled(copies)) {
      expect(copied).toMatchObject({ status: "rejected", reason: { name: "TimeoutError" } });
    }
  } finally {
    proxy?.swallow(false);
    proxy?.cut();
  }
  expect(await host.run("echo again")).toMatchObject({ stdout: Buffer.from("again\n"), inNewShell: true });
  await expect.poll(() => place.count("sleep 705")).toBe(0);
});

test(`a link that is cut at random moments (${label}) gives right results or errors that say so, and leaves nothing`, async () => {
  const random = createRandom(seed);
  const { host, parent } = connect();
  const proxy = place.lab.hosts.parent.proxy;
  for (let round = 0; round < cuts; round += 1) {
    const cut = proxy?.cutAfter(random(30_000));
    let isCut = false;
    void cut?.then(() => {
      isCut = true;
    });
    for (let n = 0; !isCut; n += 1) {
      await Promise.all([
        isRightOrLost(host.exec(["echo", `${n}`]), `${n}\n`),
        isRightOrLost(host.exec(["cat"], { stdin: `in ${n}` }), `in ${n}`),
        isRightOrLost(host.run(`echo run ${n}`), `run ${n}\n`),
        isRightOrLost(parent.run(`echo parent ${n}`), `parent ${n}\n`),
      ]);
    }
  }
  await host[Symbol.asyncDispose]();
  await expect
    .poll(async () => (await place.processes()).filter((line) => !line.includes("sleep infinity")))
    .toEqual([]);
}, 600_000);

const lost = /^(SSH_|ENGINE_UNREACHABLE|ENGINE_STREAM_LOST|HOST_SHELL_LOST|HOST_LIFELINE_LOST)/;

async function isRightOrLost(result: Promise<{ exitCode: number; stdout: Buffer }>, expected: string): Promise<void> {
  const outcome = await result.then(
    ({ exitCode, stdout }) => `${exitCode} ${stdout.toString()}`,
    (error: unknown) => (isOttoError(error) && lost.test(error.code) ? "lost" : String(error)),
  );
  expect([`0 ${expected}`, "lost"]).toContain(outcome);
}
