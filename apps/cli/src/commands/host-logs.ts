import { OttoError } from "@otto/errors";
import type { LogFlags } from "../arguments/log-options.js";
import { findHost } from "../container-lookup.js";
import { exitCodes } from "../exit-code.js";
import type { Outcome } from "../outcome.js";
import { checkLogFlags, showLines } from "../output/log-output.js";
import type { Session } from "../session.js";

export interface HostLogsFlags extends LogFlags {
  readonly id: string;
}

/** `otto host ID logs` */
export async function hostLogs(session: Session, { id, ...flags }: HostLogsFlags): Promise<Outcome> {
  checkLogFlags(flags);
  const found = await findHost(session, id);
  if (found.kind === "machine") {
    throw new OttoError("CLI_USAGE", `${id} has no logs: it is no container`, {
      hint: "Container hosts are listed by otto --list-hosts.",
    });
  }
  const { host } = found;
  const { follow, since, until, tail, timestamps } = flags;
  await showLines(session, host.logs({ follow, since, until, tail, signal: session.signal }), {
    ...(timestamps !== undefined && { timestamps }),
    dress: () => ({ label: "", record: { host: host.id } }),
  });
  return { exitCode: exitCodes.done };
}
