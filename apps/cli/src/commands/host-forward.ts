import { findContainerHost, isContainerId } from "../container-lookup.js";
import { exitCodes } from "../exit-code.js";
import type { Outcome } from "../outcome.js";
import type { PortPair } from "../port-pair.js";
import type { Session } from "../session.js";

export interface HostForwardFlags {
  readonly id: string;
  readonly ports: readonly PortPair[];
}

/** `otto host ID forward`: says where it listens and goes on until interrupted. */
export async function hostForward(session: Session, { id, ports }: HostForwardFlags): Promise<Outcome> {
  const { reporter, signal } = session;
  const host = isContainerId(id) ? await findContainerHost(session, id) : (await session.lab()).machine(id);
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
