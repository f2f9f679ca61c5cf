import type { Lab, RepoPart } from "@otto/host-registry";
import { type LogOptions, readServiceLogs, type ServiceLogLine } from "@otto/hosts";
import { observeSwarm } from "@otto/swarm";
import type { RowSource } from "../merged-rows.js";
import type { PlacementOptions } from "../stack-placement.js";
import { swarmLocationOf } from "./lab-machines.js";

/** The logs of a part's stack, node by node: of those that are hosts of the lab and answer the managers. */
export async function listLogSources(
  part: RepoPart,
  lab: Lab,
  options: PlacementOptions & LogOptions & { readonly services?: readonly string[] | undefined },
): Promise<RowSource<ServiceLogLine>[]> {
  const location = swarmLocationOf(part, lab, options);
  const { nodes, tasks } = await observeSwarm(location, options.signal);
  const used = new Set(tasks.map(({ nodeId }) => nodeId));
  const { project } = location;
  return nodes.flatMap(({ id, isReady, machine }) => {
    if (machine === undefined || !isReady || !used.has(id)) return [];
    const { engine } = machine.open();
    const selection = { project, services: options.services, stackEngine: "swarm" } as const;
    return [{ parent: machine.id, rows: readServiceLogs(engine, selection, options) }];
  });
}
