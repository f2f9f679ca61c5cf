import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { promisify } from "node:util";
import type { DockerContainerHost } from "@otto/hosts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ContainerPlace, pauseContainer, startPlace, startPlaces } from "./container-places.js";

const execute = promisify(execFile);

type Start = (
  host: DockerContainerHost,
  line: string,
  options: { signal?: AbortSignal; timeoutMs: number },
) => Promise<unknown>;

/** Every way to have a command line running in a container. */
const forms: Readonly<Record<string, Start>> = {
  exec: (host, line, options) => host.exec(line, options),
  "exec with stdin": (host, line, options) => host.exec(line, { ...options, stdin: new PassThrough() }),
  "exec as another user": (host, line, options) =>
    host.exec(line, { ...options, user: "1000", stdin: new PassThrough() }),
  run: (host, line, options) => host.run(line, options),
};

let marks = 0;

/** A command that no other one looks like. */
function newSleep(): string {
  marks += 1;
  return `sleep ${5000 + marks}.25`;
}

/** A line that does not listen to SIGTERM and has children: one behind it, one before it, one in a group of its own. */
function stubborn(sleep: string): string {
  return `trap '' TERM; set -m; ${sleep} & set +m; ${sleep} & ${sleep}; ${sleep}`;
}

const children = 3;

const shells = ["dash", "bash", "busybox"] as const;
let places: Awaited<ReturnType<typeof startPlaces<(typeof shells)[number]>>>;
beforeAll(async () => {
  places = await startPlaces(shells);
});
afterAll(() => places[Symbol.asyncDispose]());

/** Long enough for a busy machine to start all that is to run out of it. */
const timeoutMs = 20_000;

// Side by side, this and the next: most of it is waiting.
test.concurrent.for(shells)("a timeout ends commands and their children (%s)", async (shell, { expect }) => {
  const place = places.byShell[shell];
  const running = Object.values(forms).map((start) => ({ sleep: newSleep(), start }));
  const results = running.map(({ start, sleep }) => start(place.host, stubborn(sleep), { timeoutMs }));
  for (const { sleep } of running) await expect.poll(() => place.count(sleep)).toBe(children);
  for (const result of results) expect(await result).toMatchObject({ timedOut: true, exitCode: 124 });
  for (const { sleep } of running) await expect.poll(() => place.count(sleep)).toBe(0);
});

test.concurrent("what runs in a paused container times out, and is ended when it goes on", async ({ expect }) => {
  await using place = await startPlace("busybox");
  const { host } = place;
  const sleeps = [newSleep(), newSleep()] as const;
  const running = host.run(sleeps[0], { timeoutMs });
  const executing = host.exec(sleeps[1].split(" "), { timeoutMs });
  for (const sleep of sleeps) await expect.poll(() => place.count(sleep)).toBe(1);
  await pauseContainer(place.container);
  try {
    expect(await running).toMatchObject({ timedOut: true });
    expect(await executing).toMatchObject({ timedOut: true });
  } finally {
    await execute("docker", ["unpause", place.container]);
  }
  for (const sleep of sleeps) await expect.poll(() => place.count(sleep)).toBe(0);
  expect(await host.run("echo on")).toMatchObject({ stdout: Buffer.from("on\n"), inNewShell: true });
});

describe.each(shells)("in an image whose shell is %s", (shell) => {
  let place: ContainerPlace;
  beforeAll(() => {
    place = places.byShell[shell];
  });

  const begins = (sleep: string) => expect.poll(() => place.count(sleep)).toBe(children);
  // Within 5 s on a machine with nothing else to do.
  const ends = (sleep: string) => expect.poll(() => place.count(sleep)).toBe(0);

  test("an abort ends commands and their children", async () => {
    const controller = new AbortController();
    const options = { timeoutMs: Number.POSITIVE_INFINITY, signal: controller.signal };
    const running = Object.values(forms).map((start) => ({ sleep: newSleep(), start }));
    const results = running.map(({ start, sleep }) => start(place.host, stubborn(sleep), options));
    for (const { sleep } of running) await begins(sleep);
    controller.abort(new Error("enough"));
    for (const result of results) await expect(result).rejects.toThrow("enough");
    for (const { sleep } of running) await ends(sleep);
  });

  test("a cut link ends all commands and their children, and the same host works again", async () => {
    const { host } = place.connect();
    const sleeps = Object.values(forms).map((start) => {
      const sleep = newSleep();
      const code = start(host, stubborn(sleep), { timeoutMs: Number.POSITIVE_INFINITY }).then(
        () => "none",
        (error: unknown) => (error as { code: string }).code,
      );
      return { sleep, code };
    });
    for (const { sleep } of sleeps) await begins(sleep);
    place.lab.hosts.parent.proxy?.cut();
    for (const { sleep, code } of sleeps) {
      expect(await code).toMatch(/^(ENGINE_STREAM_LOST|HOST_SHELL_LOST|SSH_CONNECTION_LOST)$/);
      await ends(sleep);
    }
    expect(await host.exec(["cat"], { stdin: "again" })).toMatchObject({ exitCode: 0, stdout: Buffer.from("again") });
    expect(await host.run("echo again")).toMatchObject({ stdout: Buffer.from("again\n"), inNewShell: true });
  });

  test("a killed client leaves no command and no child behind", async () => {
    const sleeps = [newSleep(), newSleep(), newSleep()];
    const client = spawn(
      process.execPath,
      ["--input-type=module", "--eval", clientScript(place, sleeps.map(stubborn))],
      {
        stdio: ["ignore", "ignore", "inherit"],
      },
    );
    for (const sleep of sleeps) await begins(sleep);
    expect(client.kill("SIGKILL")).toBe(true);
    await once(client, "exit");
    for (const sleep of sleeps) await ends(sleep);
  });

  test("a closed host leaves no command, no shell and no watcher behind", async () => {
    const { host } = place.connect();
    const sleep = newSleep();
    await host.run(`${sleep} &`);
    const started = await host.spawn(["sh", "-c", `${sleep}; true`]);
    for (const stream of [started.stdout, started.stderr]) stream.resume();
    await expect.poll(() => place.count(sleep)).toBe(2);
    await host[Symbol.asyncDispose]();
    expect(await place.count(sleep)).toBe(0);
  });
});

test("commands that end leave nothing behind, not even zombies where nobody collects them", async () => {
  await using place = await startPlace("dash", ["--init=false"]);
  for (const options of [{}, { stdin: "x" }]) {
    for (let n = 0; n < 3; n += 1) await place.host.exec(["true"], options);
  }
  await place.host.run("true; sleep 600 &");
  await place.host[Symbol.asyncDispose]();
  await expect.poll(() => place.processes()).toEqual(["/bin/sleep infinity"]);
});

test("in an image without a shell, a command sees the end of its stdin when the link is cut", async () => {
  await using place = await startPlace("none");
  const { host } = place.connect();
  const failed = host
    .exec(["cat", "-"], { stdin: new PassThrough(), timeoutMs: 60_000 })
    .catch((error: unknown) => error);
  await expect.poll(() => place.count("cat -")).toBe(1);
  place.lab.hosts.parent.proxy?.cut();
  expect(await failed).toMatchObject({ code: "ENGINE_STREAM_LOST" });
  await expect.poll(() => place.count("cat -")).toBe(0);
});

function clientScript({ settings }: ContainerPlace, [first = "", second = "", third = ""]: readonly string[]): string {
  return `
    import { PassThrough } from "node:stream";
    import { createSshParent, DockerContainerHost } from "@otto/hosts";
    const { engine } = createSshParent(${JSON.stringify(settings.parent)});
    const host = new DockerContainerHost({ ...${JSON.stringify(settings.host)}, engine });
    host.exec(${JSON.stringify(first)}, { timeoutMs: Infinity });
    host.exec(${JSON.stringify(second)}, { timeoutMs: Infinity, stdin: new PassThrough() });
    host.run(${JSON.stringify(third)}, { timeoutMs: Infinity });
    setInterval(() => {}, 1000);
  `;
}
