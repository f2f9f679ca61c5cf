import type { SshEvent, SshSession } from "ssh2-streamer";

/** A machine that was reached, and what its session told on the way. */
export interface Reached {
  readonly session: SshSession;
  readonly events: readonly SshEvent[];
}
