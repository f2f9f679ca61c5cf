import type { ContainerProcess } from "@otto/engine";
import type { ProcessExit, RemoteProcess } from "ssh2-streamer";

/** What reaches a command in its container. */
export interface Reach {
  /** Ends the command and its children. */
  end(): void;
  kill(signal: NodeJS.Signals): void;
}

/** Of a process in a container. */
export type ProcessParts = Omit<ContainerProcess, "exit"> & { readonly exit: Promise<ProcessExit> };

export function toRemoteProcess(parts: ProcessParts, reach: Reach, signal: AbortSignal | undefined): RemoteProcess {
  const { stdin, stdout, stderr } = parts;
  // Who waits for `exit` alone must not be ended by an error event nobody listens to.
  for (const stream of [stdin, stdout, stderr]) stream.on("error", () => {});
  const onAbort = () => {
    reach.end();
    parts.disconnect();
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();
  const exit = parts.exit
    .catch((error: unknown) => {
      signal?.throwIfAborted();
      throw error;
    })
    .finally(() => signal?.removeEventListener("abort", onAbort));
  exit.catch(() => {});
  return {
    stdin,
    stdout,
    stderr,
    exit,
    kill: (name = "SIGTERM") => reach.kill(name),
    resize: (columns, rows) => void parts.resize(columns, rows).catch(() => {}),
  };
}
