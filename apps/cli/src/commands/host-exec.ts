import { toExecCommand } from "../arguments/container-command.js";
import { finishCommand, orNeverRan, type RunCommand } from "../command-outcome.js";
import { findHost, refuseContainerOptions } from "../container-lookup.js";
import type { Outcome } from "../outcome.js";
import type { Session } from "../session.js";

/** Options of `exec`. */
export interface ExecFlags {
  readonly user?: string;
  readonly workdir?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: boolean;
  /** Seconds. */
  readonly timeout: number;
}

export interface HostExecFlags extends ExecFlags {
  readonly id: string;
  readonly command: readonly string[];
}

/** `otto host ID exec` */
export function hostExec(session: Session, flags: HostExecFlags): Promise<Outcome> {
  return orNeverRan(session, async () => {
    return finishCommand(session, flags, await findExec(session, flags));
  });
}

async function findExec(session: Session, flags: HostExecFlags): Promise<RunCommand> {
  const { id, user, workdir } = flags;
  const command = toExecCommand(flags.command);
  const common = commonOptions(session, flags);
  const found = await findHost(session, id);
  if (found.kind === "container") return (output) => found.host.exec(command, { user, workdir, output, ...common });
  refuseContainerOptions(id, { user });
  return (output) => found.host.exec(command, { cwd: workdir, output, ...common });
}

function commonOptions({ invocation, signal }: Session, { env, stdin, timeout }: HostExecFlags) {
  return {
    ...(env === undefined ? {} : { env }),
    ...(stdin === true ? { stdin: invocation.stdin } : {}),
    timeoutMs: timeout * 1000,
    signal,
  };
}
