import { openSshSession, type SshRoute, type SshSession, type SshSessionOptions } from "ssh2-streamer";
import type { Lacks } from "./suite/capability.js";

/** One way to have an SSH session. All of them pass the same tests. */
export interface Transport {
  readonly name: string;
  /** What chooses it; plain data, so that a process of its own can be told. */
  readonly settings: SshSessionOptions;
  /** What it cannot do, and how it refuses that. */
  readonly lacks: Lacks;
}

export const transports: readonly Transport[] = [{ name: "ssh2", settings: {}, lacks: {} }];

/** A session by that transport; the caller closes it. */
export function openBy(transport: Transport, route: SshRoute, options: SshSessionOptions = {}): SshSession {
  return openSshSession(route, { ...transport.settings, ...options });
}
