import { randomBytes, timingSafeEqual } from "node:crypto";
import { unlink } from "node:fs/promises";
import { createServer, type Server, Socket } from "node:net";
import { isWithin, Secret, startTimer } from "@otto/errors";
import { startOf } from "../openssh/private-directory.js";
import type { SshRoute } from "../route/endpoint.js";
import type { SshEvent } from "../route/event.js";
import type { SshPromptHandler } from "../route/prompt.js";
import type { Connection, Loss } from "../transport/transport.js";
import { ChannelRelay, type RelayClient } from "./channel-relay.js";
import { askKeeperState } from "./keeper-client.js";
import { socketPathIn } from "./keeper-directory.js";
import { openKeptRoute } from "./keeper-login.js";
import { claimRecord, type FoundRecord, type KeeperRecord, recordPathIn, removeRecord } from "./keeper-record.js";
import { type Control, closeOf, type Hello, type KeeperChannel, speakKeeper } from "./keeper-wire.js";
import { speakLines } from "./login-line.js";
import {
  fromPlainRoute,
  type KeeperMessage,
  type StarterMessage,
  type StartRequest,
  toPlainError,
} from "./login-messages.js";
import { describeRoute, fingerprintOf, isSameButLearned, type RouteDescription } from "./route-description.js";

/** A client that connected says what it wants within this. */
const helloMs = 5000;
/** After the login. */
const collectionsMs = [0, 1000] as const;
/** What ends gracefully does so within this. */
const endMs = 2000;

/** Keeps one connection: logs in, serves those who come, and ends when nobody has come for a while. */
export function runKeeper(): void {
  process.umask(0o077);
  const starter = new Socket({ fd: 3, readable: true, writable: true });
  const keeper = new Keeper((message) => send(message));
  const send = speakLines<KeeperMessage, StarterMessage>(starter, (message) => keeper.hear(message));
  starter.once("close", () => keeper.loseStarter());
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.once(signal, () => void keeper.end());
}

interface Asked {
  answer(values: readonly string[] | undefined): void;
  fail(): void;
}

type Send = (message: KeeperMessage) => void;

class Keeper {
  readonly #send: Send;
  readonly #login = new AbortController();
  readonly #asked = new Map<number, Asked>();
  readonly #clients = new Map<RelayClient, { readonly channel: KeeperChannel; readonly pid: number }>();
  readonly #waiting = new Map<KeeperChannel, number>();
  readonly #server: Server;
  #directory = "";
  #found: FoundRecord | undefined;
  #kept:
    | { readonly connection: Connection; readonly close: () => Promise<void>; readonly relay: ChannelRelay }
    | undefined;
  #persistMs = 0;
  #idleSince = performance.now();
  #idleTimer: NodeJS.Timeout | undefined;
  #lastAsk = 0;
  #isEnding = false;

  constructor(send: Send) {
    this.#send = send;
    this.#server = createServer((socket) => this.#greet(socket));
    this.#server.on("error", () => void this.end());
  }

  /** Takes a message of the process that started this one. */
  hear(message: StarterMessage): void {
    if ("start" in message) {
      void this.#start(message.start).catch((error: unknown) => {
        this.#send({ outcome: "failed", error: toPlainError(error) });
        void this.end();
      });
      return;
    }
    const number = "answer" in message ? message.answer : message.failed;
    const asked = this.#asked.get(number);
    this.#asked.delete(number);
    if ("answer" in message) asked?.answer(message.values);
    else asked?.fail();
  }

  /** The process that started this one has gone, or has what it wanted. */
  loseStarter(): void {
    if (this.#kept !== undefined) return;
    this.#login.abort(new Error("the process that wanted the connection has ended"));
    void this.end();
  }

  async end(loss?: Loss): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    clearTimeout(this.#idleTimer);
    if (this.#found !== undefined) await removeRecord(this.#found, this.#directory);
    this.#server.close();
    for (const { channel } of this.#clients.values()) {
      if (loss !== undefined) channel.sendControl({ loss });
      channel.socket.end();
    }
    for (const channel of this.#waiting.keys()) channel.socket.destroy();
    this.#login.abort(new Error("it was ended"));
    const sent = [...this.#clients.values()].map(({ channel }) => closeOf(channel.socket));
    await isWithin(Promise.all([...sent, this.#kept?.close()]), endMs);
    process.exit(0);
  }

  async #start({ route: plain, env, directory, version, canAsk }: StartRequest): Promise<void> {
    this.#directory = directory;
    const route = fromPlainRoute(plain, async (secret, signal) => {
      const [text = ""] = (await this.#ask({ secret }, signal)) ?? [];
      return new Secret(text);
    });
    const target = route.at(-1) as SshRoute[number];
    this.#persistMs = target.persistMs ?? 0;
    const before = await describeRoute(route, { env, version });
    const record = createRecord(route, this.#persistMs);
    await this.#listen(record);
    if (!(await this.#claim({ record, path: recordPathIn(directory, fingerprintOf(before)) }))) {
      this.#send({ outcome: "taken" });
      return this.end();
    }
    const learned = new Set<string>();
    const onEvent = (event: SshEvent) => {
      if (event.type === "ssh.host-key-learned") learned.add(event.key.fingerprint);
      this.#send({ event });
    };
    const onPrompt: SshPromptHandler | undefined = canAsk
      ? (prompt, signal) => this.#ask({ prompt }, signal)
      : undefined;
    const opened = await openKeptRoute(route, { env, onEvent, onPrompt, signal: this.#login.signal });
    await this.#keep(opened);
    if (learned.size > 0) await this.#move(before, await describeRoute(route, { env, version }), learned);
    opened.forget();
    // It holds the variables of who started it, which may be secrets.
    for (const name of Object.keys(env)) delete (env as Record<string, unknown>)[name];
    this.#send({ outcome: "ready", record });
    for (const [channel, pid] of this.#waiting) this.#serve(channel, pid);
    this.#waiting.clear();
    // Who started it comes in a moment.
    this.#watchIdle(Math.max(this.#persistMs, helloMs));
    // What held secrets is freed, and overwritten; some of it is let go of only when this call and its answers are done.
    for (const ms of collectionsMs) startTimer(() => globalThis.gc?.(), ms).unref();
  }

  #listen({ id }: KeeperRecord): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(socketPathIn(this.#directory, id), () => resolve());
    });
  }

  async #claim(found: FoundRecord): Promise<boolean> {
    // Were it to end now, it takes its socket along.
    this.#found = found;
    const directory = this.#directory;
    return claimRecord(found, async (other) => (await askKeeperState({ directory, record: other })) !== "gone");
  }

  async #keep({ connection, close }: Awaited<ReturnType<typeof openKeptRoute>>): Promise<void> {
    let sendToServer: (message: Buffer) => void = () => {};
    const relay = new ChannelRelay({ send: (message) => sendToServer(message), sessionLimit: connection.sessionLimit });
    sendToServer = await connection.relay((message) => relay.receiveFromServer(message));
    this.#kept = { connection, close, relay };
    connection.onLost((loss) => void this.end(loss));
  }

  /** A key that this login recorded is part of what the next one finds. Whatever else has changed: this one is for nobody else. */
  async #move(before: RouteDescription, after: RouteDescription, learned: ReadonlySet<string>): Promise<void> {
    const old = this.#found as FoundRecord;
    if (!isSameButLearned(before, after, learned)) {
      this.#persistMs = 0;
      await unlink(old.path);
      return;
    }
    const moved = { record: old.record, path: recordPathIn(this.#directory, fingerprintOf(after)) };
    if (moved.path !== old.path && (await this.#claim(moved))) await unlink(old.path);
    else this.#found = old;
  }

  #greet(socket: Socket): void {
    socket.on("error", () => {});
    const timer = startTimer(() => socket.destroy(), helloMs);
    const channel: KeeperChannel = speakKeeper(socket, {
      onControl: (control) => {
        clearTimeout(timer);
        if ("hello" in control && this.#isAuthentic(control.hello)) this.#welcome(channel, control.hello);
        else socket.destroy();
      },
      onMessage: () => socket.destroy(),
    });
    socket.once("close", () => {
      clearTimeout(timer);
      this.#waiting.delete(channel);
    });
  }

  #isAuthentic(hello: Hello | null): boolean {
    const [own, given] = [Buffer.from(this.#found?.record.token ?? ""), Buffer.from(String(hello?.token))];
    return own.length > 0 && own.length === given.length && timingSafeEqual(own, given);
  }

  #welcome(channel: KeeperChannel, { wants, pid }: Hello): void {
    if (wants === "end") return void this.end();
    if (wants === "state") {
      channel.sendControl({ state: this.#state() });
      channel.socket.end();
      return;
    }
    if (this.#isEnding) channel.socket.destroy();
    else if (this.#kept !== undefined) this.#serve(channel, pid);
    else {
      this.#waiting.set(channel, pid);
      channel.sendControl({ isComing: true });
    }
  }

  #state(): Extract<Control, { readonly state: unknown }>["state"] {
    const users = [...this.#clients.values()].map(({ pid }) => pid);
    const idleMs = users.length > 0 ? 0 : Math.round(performance.now() - this.#idleSince);
    return { users, idleMs, isLoggedIn: this.#kept !== undefined };
  }

  #serve(channel: KeeperChannel, pid: number): void {
    if (this.#kept === undefined) return;
    const { relay, connection } = this.#kept;
    const client = { send: (message: Buffer) => channel.sendMessage(message) };
    this.#clients.set(client, { channel, pid });
    clearTimeout(this.#idleTimer);
    channel.user = {
      onControl: (control) => {
        if ("ping" in control) channel.sendControl({ pong: control.ping });
      },
      onMessage: (message) => relay.receive(client, message),
    };
    channel.socket.once("close", () => {
      relay.leave(client);
      this.#clients.delete(client);
      this.#watchIdle();
    });
    const { sessionLimit, connectMs } = connection;
    channel.sendControl({
      connection: { sessionLimit: Number.isFinite(sessionLimit) ? sessionLimit : null, connectMs },
    });
  }

  #watchIdle(limitMs = this.#persistMs): void {
    if (this.#clients.size > 0 || this.#isEnding) return;
    this.#idleSince = performance.now();
    clearTimeout(this.#idleTimer);
    this.#idleTimer = startTimer(() => void this.end(), limitMs);
  }

  /** Asks the process that started this one. */
  #ask(
    what: Extract<KeeperMessage, { readonly ask: number }>["what"],
    signal: AbortSignal,
  ): Promise<readonly string[] | undefined> {
    this.#lastAsk += 1;
    const ask = this.#lastAsk;
    return new Promise((resolve, reject) => {
      this.#asked.set(ask, { answer: resolve, fail: () => reject(new Error("nobody could be asked")) });
      signal.addEventListener(
        "abort",
        () => {
          if (!this.#asked.delete(ask)) return;
          this.#send({ dropped: ask });
          reject(signal.reason);
        },
        { once: true },
      );
      this.#send({ ask, what });
    });
  }
}

function createRecord(route: SshRoute, persistMs: number): KeeperRecord {
  const names = route.map(({ name }) => name);
  const { host, port = 22, credentials } = route.at(-1) as SshRoute[number];
  return {
    id: randomBytes(8).toString("hex"),
    token: randomBytes(32).toString("base64url"),
    pid: process.pid,
    processStart: startOf(process.pid) ?? "0",
    host: names.at(-1) ?? "",
    hops: names.slice(0, -1),
    user: credentials[0].username,
    address: `${host}:${port}`,
    startedAt: Date.now(),
    persistMs,
  };
}
