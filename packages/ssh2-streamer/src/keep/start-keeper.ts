import { spawn } from "node:child_process";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { anySignal } from "@otto/errors";
import type { SshRoute } from "../route/endpoint.js";
import type { SshEventListener } from "../route/event.js";
import type { SshPromptHandler } from "../route/prompt.js";
import type { ProgramEnvironment } from "../transport/transport.js";
import type { KeeperRecord } from "./keeper-record.js";
import { speakLines } from "./login-line.js";
import { fromPlainError, type KeeperMessage, type StarterMessage, toPlainRoute } from "./login-messages.js";

/** The program of a keeper. A bundle has it beside its own files. */
export const keeperProgram = fileURLToPath(new URL("./keeper.js", import.meta.url));

export interface KeeperRequest {
  readonly route: SshRoute;
  readonly env: ProgramEnvironment;
  readonly directory: string;
  readonly version: string;
  readonly onEvent: SshEventListener;
  readonly onPrompt: SshPromptHandler | undefined;
  readonly signal: AbortSignal;
}

/** `taken`: another keeper of the route was faster. `error`: what became of a keeper that could not do its work. */
export type KeeperStart = { readonly record: KeeperRecord } | "taken" | { readonly error: Error };

/**
 * Starts a process that connects, logs in, and keeps the connection. It asks this one for what a login needs; what it is asked for
 * passes by a socket between the two alone.
 * @throws what the login threw, or what asking threw, or the signal's reason
 */
export function startKeeper(request: KeeperRequest): Promise<KeeperStart> {
  const { route, env, directory, version, onEvent, onPrompt, signal } = request;
  const plain = toPlainRoute(route);
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    // Memory that held secrets is overwritten when it is freed. A session of its own: it outlives the terminal.
    const child = spawn(process.execPath, ["--clear-free-memory", "--expose-gc", keeperProgram], {
      cwd: "/",
      detached: true,
      env: { PATH: env.PATH, TMPDIR: env.TMPDIR },
      stdio: ["ignore", "ignore", "ignore", "pipe"],
    });
    const socket = child.stdio[3] as Socket;
    const over = new AbortController();
    const leave = () => {
      signal.removeEventListener("abort", onAbort);
      over.abort();
      socket.destroy();
      child.unref();
    };
    const settle = (outcome: KeeperStart) => {
      leave();
      resolve(outcome);
    };
    const fail = (error: unknown) => {
      leave();
      reject(error);
    };
    const onAbort = () => fail(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    child.once("error", (error) => settle({ error }));
    socket.once("close", () => settle({ error: new Error("the process that was to keep it has ended") }));
    /** What a question threw is the error of the login. */
    let asking: { readonly error: unknown } | undefined;
    const dropped = new Map<number, AbortController>();
    const answer = async (ask: number, what: Extract<KeeperMessage, { readonly ask: number }>["what"]) => {
      const drop = new AbortController();
      dropped.set(ask, drop);
      const waiting = anySignal(drop.signal, over.signal);
      try {
        const values =
          "prompt" in what
            ? await onPrompt?.(what.prompt, waiting)
            : [(await plain.secrets[what.secret]?.(waiting))?.reveal() ?? ""];
        send({ answer: ask, values });
      } catch (error) {
        asking ??= { error };
        send({ failed: ask });
      }
    };
    const send = speakLines<StarterMessage, KeeperMessage>(socket, (message) => {
      if ("event" in message) onEvent(message.event);
      else if ("ask" in message) void answer(message.ask, message.what);
      else if ("dropped" in message) dropped.get(message.dropped)?.abort();
      else if (message.outcome === "ready") settle({ record: message.record });
      else if (message.outcome === "taken") settle("taken");
      else if (asking !== undefined) fail(asking.error);
      else if (message.error.code === undefined) settle({ error: fromPlainError(message.error) });
      else fail(fromPlainError(message.error));
    });
    send({ start: { route: plain.route, env, directory, version, canAsk: onPrompt !== undefined } });
  });
}
