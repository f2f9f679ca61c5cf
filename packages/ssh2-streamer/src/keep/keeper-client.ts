import { connect } from "node:net";
import { startTimer } from "@otto/errors";
import type { SshEndpoint } from "../route/endpoint.js";
import { isOwnSocket, socketPathIn } from "./keeper-directory.js";
import type { KeeperRecord } from "./keeper-record.js";
import { type Control, type Hello, type KeeperChannel, type KeeperState, speakKeeper } from "./keeper-wire.js";
import { KeptConnection } from "./kept-connection.js";

/** A keeper that sends no message within this is stuck. */
const firstMessageMs = 3000;

/** `gone`: nobody listens. `stuck`: somebody does, and does not answer. */
export type Unreached = "gone" | "stuck";

interface KeeperTarget {
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
  target: KeeperTarget,
  loginMs: number,
): Promise<KeptConnection | Unreached> {
  return ask<KeptConnection>(target, "connection", (control, { keeper, finish, waitAtMost }) => {
    if ("isComing" in control) waitAtMost(loginMs);
    if ("connection" in control) finish(new KeptConnection(endpoint, keeper, control.connection));
  });
}

/** Asks a keeper what it is doing. */
export async function askKeeperState(target: KeeperTarget): Promise<KeeperState | Unreached> {
  return ask<KeeperState>(target, "state", (control, { keeper, finish }) => {
    if (!("state" in control)) return;
    keeper.socket.destroy();
    finish(control.state);
  });
}

/** Has a keeper end. Resolves when it has, or does not answer. */
export async function endKeeper(target: KeeperTarget): Promise<"ended" | Unreached> {
  const outcome = await ask<"ended">(target, "end", () => {});
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

interface Exchange<T> {
  readonly keeper: KeeperChannel;
  readonly finish: (result: T) => void;
  /** For the next message, from now on. */
  readonly waitAtMost: (ms: number) => void;
}

async function ask<T>(
  { directory, record, signal }: KeeperTarget,
  wants: Hello["wants"],
  onControl: (control: Control, exchange: Exchange<T>) => void,
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
    let timer = startTimer(() => leave("stuck"), firstMessageMs);
    const waitAtMost = (ms: number) => {
      clearTimeout(timer);
      timer = startTimer(() => leave("stuck"), ms);
    };
    const keeper: KeeperChannel = speakKeeper(socket, {
      onControl: (control) => onControl(control, { keeper, finish, waitAtMost }),
      onMessage: () => {},
    });
    socket.on("error", () => {}).once("close", onClose);
    signal?.addEventListener("abort", onAbort, { once: true });
    keeper.sendControl({ hello: { token: record.token, wants, pid: process.pid } });
  });
}
