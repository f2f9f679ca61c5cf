import { toRunCommands, toSequence } from "../arguments/container-command.js";
import { finishCommand, orNeverRan, type RunCommand } from "../command-outcome.js";
import { findHost } from "../container-lookup.js";
import type { Outcome } from "../outcome.js";
import type { Session } from "../session.js";

export interface HostRunFlags {
  readonly id: string;
  readonly command: readonly string[];
  /** Seconds, for all command lines together. */
  readonly timeout: number;
}

/** `otto host ID run` */
export function hostRun(session: Session, flags: HostRunFlags): Promise<Outcome> {
  return orNeverRan(session, async () => finishCommand(session, flags, await findShell(session, flags)));
}

async function findShell(session: Session, { id, command, timeout }: HostRunFlags): Promise<RunCommand> {
  const line = toSequence(toRunCommands(command));
  const options = { timeoutMs: timeout * 1000, signal: session.signal };
  const { host } = await findHost(session, id);
  return (output) => host.exec(line, { ...options, output });
}
