import { startDropbear } from "./dropbear.js";
import type { HostOptions } from "./options.js";
import { type Sshd, type SshdFiles, startSshd } from "./sshd.js";

const onlyOpenSsh = [
  ...["authentication", "maxSessions", "maxStartups", "allowTcpForwarding", "allowStreamLocalForwarding"],
  ...["hostKeyTypes", "sshdConfig", "logLevel", "environment"],
] as readonly (keyof HostOptions)[];

/** Starts what serves SSH on `port`, or on a free one, and waits until it listens. */
export function startServer(files: SshdFiles, options: HostOptions, port?: number): Promise<Sshd> {
  return isDropbear(options) ? startDropbear(files, port) : startSshd(files, options, port);
}

export function isDropbear(options: HostOptions): boolean {
  return options.server === "dropbear" && onlyOpenSsh.every((name) => options[name] === undefined);
}
