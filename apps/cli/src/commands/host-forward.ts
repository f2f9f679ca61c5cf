import type { PortPair } from "../arguments/port-pair.js";
import { findHost } from "../container-lookup.js";
import { exitCodes } from "../exit-code.js";
import type { Outcome } from "../outcome.js";
import type { Session } from "../session.js";

export interface HostForwardFlags {
  readonly id: string;
  readonly ports: readonly PortPair[];
}

/** `otto host ID forward`: says where it listens and goes on until interrupted. */
export async function hostForward(session: Session, { id, ports }: HostForwardFlags): Promise<Outcome> {
  const { reporter, signal } = session;
  const { host } = await findHost(session, id);
  if (session.options.dryRun) {
    for (const { local, remote } of ports)
      reporter.item(`${host.id}: would listen on ${local === 0 ? "a free port" : local}, for its ${remote}`, {
        type: "step",
        do: "forward",
        host: host.id,
        local,
        remote,
      });
    return { exitCode: exitCodes.done };
  }
  const onFailed = (error: Error) => reporter.notice("warn", error.message);
  const forwards = [];
  for (const { local, remote } of ports) {
    const { address, port, closed } = await host.forward(local, remote, { signal, onFailed });
    reporter.item(`${address} → ${host.id}:${remote}`, { type: "forward", host: host.id, address, port, remote });
    forwards.push(closed);
  }
  await Promise.all(forwards);
  return { exitCode: exitCodes.done };
}
