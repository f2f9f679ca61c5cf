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
export async function hostExec(session: Session, flags: HostExecFlags): Promise<Outcome> {
  if (wantsLogin(session, flags)) {
    const { hostLogin } = await import("./host-login.js");
    session.reporter.notice("info", `a shell on your terminal: otto host ${flags.id} login`);
    const { id, user, workdir, env } = flags;
    return hostLogin(session, { id, ...(user && { user }), ...(workdir && { workdir }), ...(env && { env }) });
  }
  return orNeverRan(session, async () => {
    return finishCommand(session, flags, await findExec(session, flags));
  });
}

const shells = /^(?:\/bin\/|\/usr\/bin\/)?(?:sh|ash|dash|bash|zsh|fish)$/;

/** A shell alone would end at once without a terminal. */
function wantsLogin({ invocation, options }: Session, { command, stdin }: HostExecFlags): boolean {
  const [program = "", ...more] = command;
  if (more.length > 0 || stdin === true || options.json || options.dryRun || !shells.test(program)) return false;
  return invocation.stdin.isTTY === true && invocation.stdout.isTTY === true;
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
