import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setImmediate } from "node:timers/promises";
import { isOttoError } from "@otto/errors";
import { createNoise, createRandom, readRandomRun, startLab } from "@otto/lab";
import { openSshSession } from "ssh2-streamer";
import { describe, expect, test } from "vitest";
import { dialEngine } from "./dial-engine.js";
import { routeTo } from "./lab-route.js";
import { openBy, routeBy, type Transport, transports } from "./transports.js";

/** A parent behind a bastion, each behind a proxy, and a session that is connected. */
async function connect(transport: Transport) {
  const lab = await startLab({ hosts: { bastion: { proxy: {} }, parent: { hop: "bastion", proxy: {} } } });
  const open = (changes: Parameters<typeof routeTo>[2] = {}) => openBy(transport, routeTo(lab, "parent", changes));
  const session = open();
  await session.connect();
  return {
    lab,
    session,
    open,
    handshakes: () => Promise.all([lab.hosts.bastion.handshakes(), lab.hosts.parent.handshakes()]),
    async [Symbol.asyncDispose]() {
      await session.close();
      await lab[Symbol.asyncDispose]();
    },
  };
}

// Waits from now on, so that what fails meanwhile is nobody's unhandled rejection.
async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return isOttoError(error) ? error.code : String(error);
}

/** What answers on a Unix socket in a process of its own, and leaves a byte in a file for every connection. */
async function startEngineStub(directory: string) {
  const [socketPath, connectionsPath] = [join(directory, "engine.sock"), join(directory, "connections")];
  const program = `
    const [socketPath, connectionsPath] = process.argv.slice(1);
    require("node:net").createServer((client) => {
      require("node:fs").appendFileSync(connectionsPath, ".");
      client.on("error", () => {}).once("data", () => client.end("HTTP/1.0 200 OK\\r\\n\\r\\n"));
    }).listen(socketPath, () => console.log("listening"));`;
  const server = spawn(process.execPath, ["-e", program, socketPath, connectionsPath], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(server.stdout, "data");
  return { socketPath, connectionsPath, [Symbol.asyncDispose]: async () => void server.kill() };
}

const { count: cuts, seed, label } = readRandomRun("OTTO_CUTS", 100);

describe.each(transports)("$name", (transport) => {
  test.concurrent("a link that swallows is found by its silence, and everything under way ends saying what it was", async ({
    expect,
  }) => {
    await using linked = await connect(transport);
    const { lab } = linked;
    await using session = linked.open({ keepaliveIntervalMs: 1000, keepaliveCountMax: 3 });
    const running = session.exec(["sleep", "60"]);
    const stream = await dialEngine(session);
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

  test.concurrent("a process that stands still for long, as at a breakpoint, loses no connection", async ({
    expect,
  }) => {
    await using linked = await connect(transport);
    const program = `
      import { openSshSession } from "ssh2-streamer";
      const route = JSON.parse(process.argv[1]);
      const session = openSshSession(route);
      const running = session.exec(["sleep", "8"]);
      await session.exec(["true"]);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 6000);
      console.log(await running.then(({ exitCode }) => exitCode, (error) => error.code));
      await session.close();`;
    const route = routeBy(
      transport,
      routeTo(linked.lab, "parent", { keepaliveIntervalMs: 1000, keepaliveCountMax: 3 }),
    );
    const args = ["--input-type=module", "-e", program, JSON.stringify(route)];
    const child = spawn(process.execPath, args, { cwd: import.meta.dirname, stdio: ["ignore", "pipe", "inherit"] });
    expect(await text(child.stdout)).toBe("0\n");
  });

  test.concurrent("on a link that swallows, a timeout, an abort and a close do not wait for it", async ({ expect }) => {
    await using linked = await connect(transport);
    const { lab } = linked;
    await using session = linked.open({ keepaliveIntervalMs: 0 });
    const controller = new AbortController();
    const { signal } = controller;
    const process = await session.spawn(["sh", "-c", "echo ready; sleep 60"], { signal });
    await process.stdout.take(1).toArray();
    lab.hosts.parent.proxy?.swallow(true);
    const late = session.exec(["true"], { timeoutMs: 100 });
    const aborted = [process.exit, session.spawn(["true"], { signal }), dialEngine(session, { signal })];
    controller.abort();
    const outcomes = await Promise.allSettled([late, ...aborted]);
    const ended = { status: "rejected", reason: { name: "AbortError" } };
    expect(outcomes).toMatchObject([{ reason: { code: "COMMAND_TIMED_OUT" } }, ended, ended, ended]);
  });

  test.concurrent("the hop that fell silent is the one that is named", async ({ expect }) => {
    await using linked = await connect(transport);
    const { lab } = linked;
    await using session = linked.open({ keepaliveIntervalMs: 1000, keepaliveCountMax: 3 });
    const process = await session.spawn(["sleep", "60"]);
    lab.hosts.parent.proxy?.swallow(true);
    await expect(process.exit).rejects.toMatchObject({ code: "SSH_CONNECTION_LOST", details: { hop: "parent" } });
  });

  test.concurrent("after a loss, many calls at once connect again once", async ({ expect }) => {
    await using linked = await connect(transport);
    const { lab, session } = linked;
    lab.hosts.bastion.proxy?.cut();
    const results = await Promise.all(Array.from({ length: 9 }, (_, index) => session.exec(["echo", String(index)])));
    expect(results.map(({ stdout }) => Number(stdout.toString()))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await linked.handshakes()).toEqual([2, 2]);
  });

  test.concurrent("a target that is lost alone keeps its bastion's connection", async ({ expect }) => {
    await using linked = await connect(transport);
    const { lab, session } = linked;
    lab.hosts.parent.proxy?.cut();
    expect((await session.exec(["true"])).exitCode).toBe(0);
    expect(await linked.handshakes()).toEqual([1, 2]);
  });

  test.concurrent("a command that had started is never run again", async ({ expect }) => {
    await using linked = await connect(transport);
    const { lab, session } = linked;
    const file = join(lab.directory, "runs");
    const running = codeOf(session.exec(["sh", "-c", 'echo run >>"$1"; sleep 60', "sh", file]));
    await expect.poll(() => readFile(file, "utf8").catch(() => "")).toBe("run\n");
    lab.hosts.parent.proxy?.cut();
    expect(await running).toBe("SSH_CONNECTION_LOST");
    expect((await session.exec(["cat", file])).stdout.toString()).toBe("run\n");
  });

  test.concurrent.for(["parent", "bastion"] as const)(
    "killing the sshd of the %s ends calls; the next one connects again",
    async (name, { expect }) => {
      await using linked = await connect(transport);
      const { lab, session } = linked;
      const running = codeOf(session.exec(["sleep", "60"]));
      await session.exec(["true"]);
      await lab.hosts[name].stop();
      expect(await running).toBe("SSH_CONNECTION_LOST");
      await expect(session.exec(["true"])).rejects.toMatchObject({
        code: "SSH_CONNECT_FAILED",
        details: { hop: name },
      });
      await lab.hosts[name].start();
      expect((await session.exec(["true"])).exitCode).toBe(0);
    },
  );

  test.concurrent("closing the session ends what is under way and waits, and later calls", async ({ expect }) => {
    await using linked = await connect(transport);
    const { session } = linked;
    const running = codeOf(session.exec(["sleep", "60"]));
    await session.close();
    expect(await running).toMatch(/^SSH_(CONNECTION_LOST|SESSION_CLOSED)$/);
    expect(await codeOf(session.exec(["true"]))).toBe("SSH_SESSION_CLOSED");
  });

  test(`cuts at random bytes (${label}): every call ends in time, with a result or a code, and the session goes on`, async () => {
    await using linked = await connect(transport);
    const { lab, session } = linked;
    const random = createRandom(seed);
    const rejections: unknown[] = [];
    const note = (reason: unknown) => rejections.push(reason);
    process.on("unhandledRejection", note);
    const bytes = createNoise(100_000);
    const outcomes = new Map<string, number>();
    for (let round = 0; round < cuts; round += 1) {
      const proxy = lab.hosts[round % 2 === 0 ? "bastion" : "parent"].proxy;
      // Early bytes are handshakes and openings: as many cuts among them as in the data.
      const cut = proxy?.cutAfter(Math.ceil(10 ** (1 + random(44_000) / 10_000)));
      const calls = [
        session.exec(["cat"], { stdin: bytes }).then(({ stdout }) => expect(stdout.equals(bytes)).toBe(true)),
        session.exec(["head", "-c", "100000", "/dev/zero"]).then(({ stdout }) => expect(stdout).toHaveLength(100_000)),
        dialEngine(session).then(async (stream) => {
          stream.write("GET /_ping HTTP/1.0\r\n\r\n");
          expect(await text(stream)).toContain("200 OK");
        }),
      ];
      const late = new Promise((resolve) => setTimeout(resolve, 60_000, "late").unref());
      const ended = await Promise.race([Promise.allSettled(calls), late]);
      expect(ended, `round ${round}`).not.toBe("late");
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
    expect(outcomes.get("SSH_CONNECTION_LOST")).toBeGreaterThan(cuts / 4);
    expect((await session.exec(["true"])).exitCode).toBe(0);
  }, 600_000);
});

// By the system's `ssh`, the end of its socket is an event of its own, and comes later.
test("a stream that is opened and lost in one go is opened again, not handed over dead", async () => {
  // Proxies would run in this process, which is to see both at once.
  await using direct = await startLab({ hosts: { bastion: {}, parent: { hop: "bastion" } } });
  await using session = openSshSession(routeTo(direct, "parent"));
  const { stdout } = await session.exec(["sh", "-c", "echo $PPID"]);
  await using engine = await startEngineStub(direct.directory);
  const dialing = dialEngine(session, { socketPath: engine.socketPath });
  // It sends what it asks.
  await setImmediate();
  // The open channel and the end of the connection are both to be here when this process looks.
  const script = 'until [ -s "$2" ]; do sleep 0.05; done; sleep 0.5; kill -KILL "$1"; sleep 1';
  execFileSync("sh", ["-c", script, "sh", stdout.toString().trim(), engine.connectionsPath]);
  const stream = await dialing;
  stream.end("GET /_ping HTTP/1.0\r\n\r\n");
  expect(await text(stream)).toContain("200 OK");
});
