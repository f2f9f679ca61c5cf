import { anySignal } from "@otto/errors";
import type { Lab, RepoPart } from "@otto/host-registry";
import { type LogOptions, readServiceLogs, type ServiceLogLine } from "@otto/hosts";
import {
  type MatchedNode,
  type ObservedSwarm,
  observeSwarm,
  type ReachOptions,
  reachManager,
  watchSwarm,
} from "@otto/swarm";
import type { RowSource } from "../merged-rows.js";
import type { PlacementOptions } from "../stack-placement.js";
import { swarmLocationOf } from "./lab-machines.js";

interface SwarmLogOptions extends PlacementOptions, LogOptions, Pick<ReachOptions, "onEvent"> {
  readonly services?: readonly string[] | undefined;
}

/** The logs of a part's stack, node by node: of those that are hosts of the lab and answer the managers. */
export async function listLogSources(
  part: RepoPart,
  lab: Lab,
  options: SwarmLogOptions,
): Promise<RowSource<ServiceLogLine>[]> {
  const location = await reachManager(swarmLocationOf(part, lab, options), options);
  const { project } = location;
  const nodes = usedNodes(await observeSwarm(location, options.signal));
  return nodes.map((node) => ({ parent: node.machine.id, rows: readNode(node, project, options) }));
}

/** The same of logs that are followed: a node that gets a task later is one of the sources then. Ends when the stack is down. */
export async function* followLogSources(
  part: RepoPart,
  lab: Lab,
  { signal, ...options }: SwarmLogOptions,
): AsyncGenerator<RowSource<ServiceLogLine>, void> {
  const location = swarmLocationOf(part, lab, options);
  const { project } = location;
  const read = new Map<string, AbortController>();
  let isFirst = true;
  for await (const observed of watchSwarm(location, { signal, onEvent: options.onEvent })) {
    for (const node of usedNodes(observed).filter(({ id }) => !read.has(id))) {
      const leaving = new AbortController();
      read.set(node.id, leaving);
      // A task that moved there has its first lines there; a node that is away is waited for, and read on when it is back.
      const own = { ...options, tail: isFirst ? options.tail : undefined, patienceMs: Number.POSITIVE_INFINITY };
      const rows = readNode(node, project, { ...own, signal: anySignal(leaving.signal, signal) });
      yield { parent: node.machine.id, rows: untilLeft(rows, leaving.signal, () => read.delete(node.id)) };
    }
    isFirst = false;
    if (observed.services.length > 0) continue;
    if (read.size === 0) return;
    for (const { id, isReady } of observed.nodes) if (!isReady) read.get(id)?.abort();
  }
}

async function* untilLeft<Row>(rows: AsyncGenerator<Row, void>, leaving: AbortSignal, onEnd: () => void) {
  try {
    yield* rows;
  } catch (error) {
    if (!leaving.aborted) throw error;
  } finally {
    onEnd();
  }
}

type UsedNode = MatchedNode & { readonly machine: NonNullable<MatchedNode["machine"]> };

function usedNodes({ nodes, tasks }: ObservedSwarm): UsedNode[] {
  const used = new Set(tasks.map(({ nodeId }) => nodeId));
  return nodes.filter((node): node is UsedNode => node.machine !== undefined && node.isReady && used.has(node.id));
}

function readNode({ machine }: UsedNode, project: string, options: SwarmLogOptions) {
  const selection = { project, services: options.services, stackEngine: "swarm" } as const;
  return readServiceLogs(machine.open().engine, selection, options);
}
