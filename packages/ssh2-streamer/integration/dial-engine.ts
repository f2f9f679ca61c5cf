import type { Duplex } from "node:stream";
import type { SshSession } from "ssh2-streamer";

export interface DialEngineOptions {
  readonly socketPath?: string;
  readonly signal?: AbortSignal;
}

/** Opens a stream to the engine of a machine, as a client of the package does that knows Docker. */
export function dialEngine(
  session: SshSession,
  { socketPath = "/var/run/docker.sock", signal }: DialEngineOptions = {},
): Promise<Duplex> {
  const argv = ["docker", "-H", `unix://${socketPath}`, "system", "dial-stdio"];
  const hint = "Check that docker runs there.";
  return session.dialSocket(socketPath, { fallbackCommand: { argv, target: "the engine", hint }, signal });
}
