import { InvalidArgumentError } from "commander";

/** A port of this machine, 0 for a free one, and the port that it leads to. */
export interface PortPair {
  readonly local: number;
  readonly remote: number;
}

const highestPort = 65_535;

/** Adds `LOCAL:REMOTE`; `PORT` alone is the same on both sides, `:REMOTE` has any free port here. */
export function collectPorts(text: string, earlier: readonly PortPair[] = []): readonly PortPair[] {
  const [, both, local = both ?? "", remote = both ?? ""] = /^(?:(\d+)|(\d*):(\d+))$/.exec(text) ?? [];
  const pair = { local: Number(local), remote: Number(remote) };
  if (remote === "" || pair.remote === 0 || pair.local > highestPort || pair.remote > highestPort) {
    throw new InvalidArgumentError("Not of the form LOCAL:REMOTE, with ports up to 65535.");
  }
  return [...earlier, pair];
}
