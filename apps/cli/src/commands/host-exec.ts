import { toExecCommand } from "../arguments/container-command.js";
import { finishCommand, orNeverRan, type RunCommand } from "../command-outcome.js";
import { findContainerHost, findMachine, isContainerId } from "../container-lookup.js";
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
    const exec = isContainerId(flags.id) ? execInContainer : execOnHost;
    return finishCommand(session, flags, await exec(session, flags));
  });
}

async function execInContainer(session: Session, flags: HostExecFlags): Promise<RunCommand> {
  const { user, workdir } = flags;
  const host = await findContainerHost(session, flags.id);
  return (output) =>
    host.exec(toExecCommand(flags.command), { user, workdir, output, ...commonOptions(session, flags) });
}

async function execOnHost(session: Session, flags: HostExecFlags): Promise<RunCommand> {
  const host = await findMachine(session, flags.id, { user: flags.user });
  return (output) =>
    host.exec(toExecCommand(flags.command), { cwd: flags.workdir, output, ...commonOptions(session, flags) });
}

function commonOptions({ invocation, signal }: Session, { env, stdin, timeout }: HostExecFlags) {
  return {
    ...(env === undefined ? {} : { env }),
    ...(stdin === true ? { stdin: invocation.stdin } : {}),
    timeoutMs: timeout * 1000,
    signal,
  };
}
