import { connect } from "node:net";
import { startTimer } from "@otto/errors";
import type { SshEndpoint } from "../route/endpoint.js";
import { isOwnSocket, socketPathIn } from "./keeper-directory.js";
import type { KeeperRecord } from "./keeper-record.js";
import { type Control, type Hello, type KeeperChannel, type KeeperState, speakKeeper } from "./keeper-wire.js";
import { KeptConnection } from "./kept-connection.js";

/** A keeper says its first word within this, or stands still. */
const firstWordMs = 3000;

/** `gone`: nobody listens. `stuck`: somebody does, and does not answer. */
export type Unreached = "gone" | "stuck";

interface Asking {
  readonly directory: string;
  readonly record: KeeperRecord;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Attaches to the connection of a keeper.
 * @param loginMs how long a login that is under way is waited for
 */
export function attachToKeeper(
  endpoint: SshEndpoint,
  asking: Asking,
  loginMs: number,
): Promise<KeptConnection | Unreached> {
  return ask<KeptConnection>(asking, "connection", (control, { keeper, finish, patience }) => {
    if ("isComing" in control) patience(loginMs);
    if ("connection" in control) finish(new KeptConnection(endpoint, keeper, control.connection));
  });
}

/** Asks a keeper what it is doing. */
export async function askKeeperState(asking: Asking): Promise<KeeperState | Unreached> {
  return ask<KeeperState>(asking, "state", (control, { keeper, finish }) => {
    if (!("state" in control)) return;
    keeper.socket.destroy();
    finish(control.state);
  });
}

/** Has a keeper end. Resolves when it has, or does not answer. */
export async function endKeeper(asking: Asking): Promise<"ended" | Unreached> {
  const outcome = await ask<"ended">(asking, "end", () => {});
  // It says nothing, and closes its socket.
  return outcome === "gone" ? "ended" : outcome;
}

/** Whether a process listens, which may not have a record yet. */
export function isListening(directory: string, id: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPathIn(directory, id));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

interface Talk<T> {
  readonly keeper: KeeperChannel;
  readonly finish: (result: T) => void;
  /** Waits from now on for so long. */
  readonly patience: (ms: number) => void;
}

async function ask<T>(
  { directory, record, signal }: Asking,
  wants: Hello["wants"],
  onControl: (control: Control, talk: Talk<T>) => void,
): Promise<T | Unreached> {
  const path = socketPathIn(directory, record.id);
  if (!(await isOwnSocket(path))) return "gone";
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      socket.off("close", onClose);
    };
    const leave = (outcome: Unreached) => {
      settle();
      socket.destroy();
      resolve(outcome);
    };
    const onClose = () => leave("gone");
    const onAbort = () => {
      reject(signal?.reason);
      leave("gone");
    };
    const finish = (result: T) => {
      settle();
      resolve(result);
    };
    let timer = startTimer(() => leave("stuck"), firstWordMs);
    const patience = (ms: number) => {
      clearTimeout(timer);
      timer = startTimer(() => leave("stuck"), ms);
    };
    const keeper: KeeperChannel = speakKeeper(socket, {
      onControl: (control) => onControl(control, { keeper, finish, patience }),
      onMessage: () => {},
    });
    socket.on("error", () => {}).once("close", onClose);
    signal?.addEventListener("abort", onAbort, { once: true });
    keeper.sendControl({ hello: { token: record.token, wants, pid: process.pid } });
  });
}
