import { type CommandResult, getContainerHost, type Lab } from "@otto/docker";
import { finishCommand, orNeverRan } from "../command-outcome.js";
import { toRunCommands, toSequence } from "../container-command.js";
import { isContainerId } from "../host-id.js";
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
  return orNeverRan(session, async () => {
    const lab = await session.lab();
    return finishCommand(session, flags, () => run(session, lab, flags));
  });
}

function run({ signal }: Session, lab: Lab, { id, command, timeout }: HostRunFlags): Promise<CommandResult> {
  const line = toSequence(toRunCommands(command));
  const options = { timeoutMs: timeout * 1000, signal };
  return isContainerId(id) ? getContainerHost(id, lab).run(line, options) : lab.machine(id).exec(line, options);
}
