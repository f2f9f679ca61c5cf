import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Duplex, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { setImmediate } from "node:timers/promises";
import { promisify } from "node:util";
import { isOttoError } from "@otto/errors";
import { type Lab, startEcho, startLab } from "@otto/lab";
import type { SshEvent, SshRoute, SshSession } from "ssh2-streamer";
import { describe, expect, test } from "vitest";
import { dialEngine } from "./dial-engine.js";
import { routeTo } from "./lab-route.js";
import { countSleeps, newMark } from "./suite/processes.js";
import { openBy, transports } from "./transports.js";

const execute = promisify(execFile);

async function startTails(lab: Lab, { session }: { readonly session: SshSession }, count: number) {
  const tails = await Promise.all(
    Array.from({ length: count }, () => session.spawn(["sh", "-c", "echo on; exec cat"])),
  );
  for (const tail of tails) {
    for await (const chunk of tail.stdout.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      expect(chunk.toString()).toBe("on\n");
      break;
    }
  }
  return { tails, handshakes: await lab.hosts.parent?.handshakes() };
}

/** The connections that the server has, each of which is a child of it. */
async function countConnections(lab: Lab): Promise<number> {
  const { stdout } = await execute("ps", ["-o", "pid=", "--ppid", String(lab.hosts.parent?.pid)]).catch(() => ({
    stdout: "",
  }));
  return stdout.split("\n").filter((line) => line.trim() !== "").length;
}

async function ping(stream: Duplex): Promise<void> {
  stream.write("GET /_ping HTTP/1.1\r\nHost: engine\r\n\r\n");
  const [answer] = (await once(stream, "data")) as [Buffer];
  expect(answer.toString()).toContain("200 OK");
}

async function* later(text: Promise<string>) {
  yield await text;
}

describe.each(transports)("$name", (transport) => {
  function open(route: SshRoute) {
    const events: SshEvent[] = [];
    const session = openBy(transport, route, { onEvent: (event) => events.push(event) });
    return { session, events, [Symbol.asyncDispose]: () => session.close() };
  }

  test("processes that last leave room for commands; a further connection comes when they need it, with the reason", async () => {
    await using lab = await startLab({ hosts: { parent: { maxSessions: 3 } } });
    await using opened = open(routeTo(lab, "parent"));
    const { tails, handshakes } = await startTails(lab, opened, 5);
    expect(handshakes).toBe(2);
    const results = await Promise.all(Array.from({ length: 12 }, () => opened.session.exec(["echo", "x"])));
    expect(results.every(({ stdout }) => stdout.toString() === "x\n")).toBe(true);
    expect(await lab.hosts.parent.handshakes()).toBe(2);
    expect(opened.events).toContainEqual({ type: "ssh.session-limit", hop: "parent", limit: 3 });
    const added = opened.events.filter((event) => event.type === "ssh.connection-added");
    expect(added).toMatchObject([{ hop: "parent", connections: 2, cause: expect.stringMatching(/session/) as string }]);
    for (const tail of tails) tail.stdin.end();
    expect(await Promise.all(tails.map((tail) => tail.exit))).toEqual(tails.map(() => ({ exitCode: 0 })));
  });

  test.each([2, 3, 5])(
    "a session that is closed ends all of its %i connections, and every call on them",
    async (count) => {
      await using lab = await startLab({ hosts: { parent: { maxSessions: 1 } } });
      await using opened = open(routeTo(lab, "parent"));
      const { tails } = await startTails(lab, opened, count);
      expect(await countConnections(lab)).toBeGreaterThanOrEqual(count);
      await opened.session.close();
      const ends = await Promise.allSettled(tails.map((tail) => tail.exit));
      expect(ends).toMatchObject(tails.map(() => ({ status: "rejected", reason: { code: "SSH_CONNECTION_LOST" } })));
      await expect.poll(() => countConnections(lab)).toBe(0);
    },
  );

  test("a listener that throws harms no call; closing the session says so, once all is closed", async () => {
    await using lab = await startLab({ hosts: { parent: { maxSessions: 1, proxy: {} } } });
    const told: string[] = [];
    const onEvent = ({ type }: SshEvent) => {
      told.push(type);
      throw new Error(`the listener, at ${type}`);
    };
    const session = openBy(transport, routeTo(lab, "parent"), { onEvent });
    const echo = async () => (await session.exec(["echo", "x"], { timeoutMs: 20_000 })).stdout.toString();
    expect(await Promise.all(Array.from({ length: 6 }, echo))).toEqual(Array.from({ length: 6 }, () => "x\n"));
    lab.hosts.parent.proxy?.cut();
    await expect.poll(() => told).toContain("ssh.connection-lost");
    expect(await echo()).toBe("x\n");
    expect(told).toEqual(expect.arrayContaining(["ssh.connected", "ssh.session-limit"]));
    await expect(session.close()).rejects.toThrow("the listener, at ssh.transport");
    await expect.poll(() => countConnections(lab)).toBe(0);
  });

  test("where each takes a connection, thirty last beside commands; that more of them wait is told", async () => {
    await using lab = await startLab({ hosts: { parent: { maxSessions: 1 } } });
    await using opened = open(routeTo(lab, "parent"));
    const { tails } = await startTails(lab, opened, 31);
    expect((await opened.session.exec(["echo", "x"])).stdout.toString()).toBe("x\n");
    expect(await lab.hosts.parent.handshakes()).toBe(32);
    const waiting = startTails(lab, opened, 1);
    const exhausted = () => opened.events.filter(({ type }) => type === "ssh.sessions-exhausted");
    await expect
      .poll(exhausted)
      .toEqual([{ type: "ssh.sessions-exhausted", hop: "parent", limit: 1, connections: 32, waiting: 1 }]);
    tails[0]?.stdin.end();
    await waiting;
  });

  test("where engine streams took every place before the limit was known, the first to be idle makes room", async () => {
    await using lab = await startLab({
      hosts: { parent: { maxSessions: 3, allowTcpForwarding: false, allowStreamLocalForwarding: false } },
    });
    let knowLimit = () => {};
    const limitKnown = new Promise<void>((resolve) => {
      knowLimit = resolve;
    });
    const onEvent = ({ type }: SshEvent) => type === "ssh.session-limit" && knowLimit();
    await using session = openBy(transport, routeTo(lab, "parent"), { onEvent });
    const dial = async () => (await dialEngine(session)) as Socket;
    const streams = await Promise.all([dial(), dial(), dial()]);
    await Promise.all(streams.map(ping));
    const fourth = dial();
    await limitKnown;
    const command = session.exec(["echo", "x"]);
    await setImmediate();
    // As an agent parks them: one makes room for the command, another goes on as the fourth.
    for (const stream of streams) stream.unref();
    expect((await command).stdout.toString()).toBe("x\n");
    await ping(await fourth);
    expect(await lab.hosts.parent.handshakes()).toBe(1);
  });

  test("while the server has yet to open what it was asked for, who waits is no reason for a further connection", async () => {
    // The refusal comes one round trip before the first process is known to run, and that is longer than the patience.
    await using lab = await startLab({ hosts: { parent: { maxSessions: 2, proxy: { delayMs: 600 } } } });
    await using opened = open(routeTo(lab, "parent"));
    const outputs = [1, 2, 3].map(async () => text((await opened.session.spawn(["echo", "x"])).stdout));
    expect(await Promise.all(outputs)).toEqual(["x\n", "x\n", "x\n"]);
    expect(opened.events).toContainEqual({ type: "ssh.session-limit", hop: "parent", limit: 2 });
    expect(await lab.hosts.parent.handshakes()).toBe(1);
  });

  test("a call that waits for a session can be aborted, and the others go on", async () => {
    await using lab = await startLab({ hosts: { parent: { maxSessions: 1 } } });
    await using opened = open(routeTo(lab, "parent"));
    await Promise.all([opened.session.exec(["true"]), opened.session.exec(["true"])]);
    const controller = new AbortController();
    const aborted = new Promise<string>((resolve) => {
      controller.signal.addEventListener("abort", () => resolve("go\n"));
    });
    const first = opened.session.exec(["sh", "-c", "read line; echo $line"], {
      stdin: Readable.from(later(aborted)),
    });
    const waiting = opened.session.exec(["echo", "never"], { signal: controller.signal });
    const last = opened.session.exec(["echo", "last"]);
    controller.abort(new Error("changed my mind"));
    await expect(waiting).rejects.toThrow("changed my mind");
    expect((await first).stdout.toString()).toBe("go\n");
    expect((await last).stdout.toString()).toBe("last\n");
    expect(await lab.hosts.parent.handshakes()).toBe(1);
  });

  test("a command that takes long keeps no other one waiting for its session", async () => {
    await using lab = await startLab({ hosts: { parent: { maxSessions: 1 } } });
    await using opened = open(routeTo(lab, "parent"));
    let finish = (_said: string) => {};
    const said = new Promise<string>((resolve) => {
      finish = resolve;
    });
    const first = opened.session.exec(["cat"], { stdin: Readable.from(later(said)) });
    const second = await opened.session.exec(["echo", "first"]);
    finish(second.stdout.toString());
    expect((await first).stdout.toString()).toBe("first\n");
    expect(opened.events).toContainEqual(
      expect.objectContaining({ type: "ssh.connection-added", connections: 2, cause: "no session became free" }),
    );
  });

  test("aborting on a server with one session still ends the process", async () => {
    await using lab = await startLab({ hosts: { parent: { maxSessions: 1 } } });
    await using opened = open(routeTo(lab, "parent"));
    const mark = newMark();
    const controller = new AbortController();
    const running = opened.session.exec(["sh", "-c", `sleep ${mark} & sleep ${mark}`], { signal: controller.signal });
    // The server has no session left to ask by.
    await expect.poll(() => countSleeps(mark)).toBe(2);
    controller.abort(new Error("enough"));
    await expect(running).rejects.toThrow("enough");
    expect(await countSleeps(mark)).toBe(0);
    expect((await opened.session.exec(["true"])).exitCode).toBe(0);
  });

  test("a server that allows no session at all is an error, not a wait", async () => {
    await using lab = await startLab({ hosts: { parent: { maxSessions: 0 } } });
    await using opened = open(routeTo(lab, "parent"));
    const error: unknown = await opened.session.exec(["true"]).catch((reason: unknown) => reason);
    expect(isOttoError(error, "SSH_CHANNEL_REFUSED") && error.details?.hop).toBe("parent");
  });

  test("a hop that forwards nothing is passed by a command on it", async () => {
    await using lab = await startLab({
      hosts: { bastion: { allowTcpForwarding: false, maxSessions: 1 }, parent: { hop: "bastion" } },
    });
    await using opened = open(routeTo(lab, "parent"));
    const { stdout } = await opened.session.exec(["echo", "there"]);
    expect(stdout.toString()).toBe("there\n");
    expect(opened.events).toContainEqual(expect.objectContaining({ type: "ssh.forwarding-replaced", hop: "bastion" }));
    expect([await lab.hosts.bastion.handshakes(), await lab.hosts.parent.handshakes()]).toEqual([1, 1]);
    const socket = await dialEngine(opened.session);
    socket.write("GET /_ping HTTP/1.0\r\n\r\n");
    expect(await text(socket)).toContain("200 OK");
  });

  test("a hop that forwards nothing and has no tool says so", async () => {
    const tools = await mkdtemp(join(tmpdir(), "otto-tools-"));
    await symlink("/bin/sh", join(tools, "sh"));
    const forced = `ForceCommand PATH=${tools} /bin/sh -c "$SSH_ORIGINAL_COMMAND"`;
    await using lab = await startLab({
      hosts: { bastion: { allowTcpForwarding: false, sshdConfig: [forced] }, parent: { hop: "bastion" } },
    });
    await using opened = open(routeTo(lab, "parent"));
    const error: unknown = await opened.session.connect().catch((reason: unknown) => reason);
    if (!isOttoError(error, "SSH_FORWARDING_REFUSED")) throw new Error("a refusal was due", { cause: error });
    expect(error.details?.hop).toBe("bastion");
    await rm(tools, { recursive: true });
    expect(error.message).toContain("none of nc, ncat, socat, busybox, bash is there");
  });

  test("a port stream that does not hold the process is no idle one that may be ended", async () => {
    await using echo = await startEcho();
    await using lab = await startLab({ hosts: { parent: { allowTcpForwarding: false, maxSessions: 2 } } });
    await using opened = open(routeTo(lab, "parent"));
    const socket = (await opened.session.dialTcp("127.0.0.1", echo.port)) as Socket;
    socket.unref();
    await startTails(lab, opened, 2);
    expect((await opened.session.exec(["true"])).exitCode).toBe(0);
    expect(socket.destroyed).toBe(false);
    socket.write("hello");
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString()).toBe("hello");
    socket.destroy();
  });

  test("a login that may not use the engine's socket is told so, by docker itself", async () => {
    await using lab = await startLab({ hosts: { parent: { allowStreamLocalForwarding: false } } });
    await using opened = open(routeTo(lab, "parent"));
    const socket = await dialEngine(opened.session, { socketPath: "/nowhere.sock" });
    const error: unknown = await text(socket).catch((reason: unknown) => reason);
    if (!isOttoError(error, "SSH_FORWARDING_REFUSED")) throw new Error("a refusal was due", { cause: error });
    expect(error.message).toContain("/nowhere.sock");
  });
});
