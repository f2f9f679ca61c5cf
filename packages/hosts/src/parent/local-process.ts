import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { toError } from "@otto/errors";
import {
  endLocalGroup,
  type ProcessExit,
  type RemoteProcess,
  type SpawnOptions,
  signalLocalGroup,
  toStartArgv,
} from "ssh2-streamer";
import { checkArgv } from "../process/command.js";
import { writeStdin } from "./local-stdin.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** Starts a process on this machine, in a group of its own so that its children end with it. */
export async function spawnLocal(
  argv: readonly string[],
  options: SpawnOptions,
  env: Environment,
): Promise<RemoteProcess> {
  const [shell = "", ...words] = toStartArgv(checkArgv(argv), options);
  options.signal?.throwIfAborted();
  const child = spawn(shell, words, {
    env: { ...env, ...options.env },
    detached: true,
    stdio: "pipe",
  });
  // Who waits for `exit` alone must not be ended by an error event nobody listens to.
  for (const stream of [child.stdout, child.stderr]) stream.on("error", () => {});
  const stdin = writeStdin(child);
  const exit = exitOf(child, options.signal);
  exit.catch(() => {});
  await once(child, "spawn");
  return {
    stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    exit,
    kill: (name = "SIGTERM") => {
      if (!hasExited(child)) signalLocalGroup(child, name);
    },
    resize: () => {},
  };
}

function exitOf(child: ChildProcessWithoutNullStreams, signal: AbortSignal | undefined): Promise<ProcessExit> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      void endLocalGroup(child).then(() => {
        const error = toError(signal?.reason);
        reject(signal?.reason);
        // Something outside the group may hold them open still.
        for (const stream of [child.stdout, child.stderr]) stream.destroy(error);
      });
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    child.once("exit", (code, name) => {
      // From an abort on, the process's own end is no result.
      if (signal?.aborted) return;
      signal?.removeEventListener("abort", onAbort);
      resolve({ exitCode: code ?? undefined, ...(name === null ? {} : { signal: name }) });
    });
    child.once("error", reject);
  });
}

function hasExited(child: ChildProcessWithoutNullStreams): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
