import { OttoError } from "@otto/errors";
import { finishCommand, orNeverRan, type RunCommand } from "../command-outcome.js";
import { toExecCommand } from "../container-command.js";
import { findContainerHost, isContainerId } from "../container-lookup.js";
import type { ExecFlags } from "../host-command.js";
import type { Outcome } from "../outcome.js";
import type { Session } from "../session.js";

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
  return () => host.exec(toExecCommand(flags.command), { user, workdir, ...commonOptions(session, flags) });
}

async function execOnHost(session: Session, flags: HostExecFlags): Promise<RunCommand> {
  if (flags.user !== undefined) {
    throw new OttoError("CLI_USAGE", `--user has no meaning on ${flags.id}: it is no container`, {
      hint: "Its login is chosen in the lab, by `user`.",
    });
  }
  const host = (await session.lab()).machine(flags.id);
  return () => host.exec(toExecCommand(flags.command), { cwd: flags.workdir, ...commonOptions(session, flags) });
}

function commonOptions({ invocation, signal }: Session, { env, stdin, timeout }: HostExecFlags) {
  return {
    ...(env === undefined ? {} : { env }),
    ...(stdin === true ? { stdin: invocation.stdin } : {}),
    timeoutMs: timeout * 1000,
    signal,
  };
}
