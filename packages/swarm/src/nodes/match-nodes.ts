import type { SwarmNode } from "@otto/engine";
import { cleanText } from "@otto/errors";
import type { Parent } from "@otto/hosts";

/** A host of the lab that may be a node of the swarm. */
export interface Machine {
  readonly id: string;
  /** A further name of it. */
  readonly handle?: string | undefined;
  /** What the lab says it is reached at: an address or a DNS name; empty: this machine. */
  readonly address: string;
  /** Nothing is connected before the parent is used. */
  readonly open: () => Parent;
}

/** A node, and the machine that it is. */
export interface MatchedNode extends SwarmNode {
  /** Undefined: no host of the lab, so out of reach. */
  readonly machine: Machine | undefined;
}

/** The label of a node that names the host that it is. */
export const hostLabel = "otto.host";

/**
 * Matches nodes to hosts: by the node's label `otto.host`, else by the address that the managers see, else by the host name.
 * What fits two hosts, or two nodes, decides nothing. Pure.
 * @param self the node that the manager says it is itself, and the host that was asked
 */
export function matchNodes(
  nodes: readonly SwarmNode[],
  machines: readonly Machine[],
  self?: { readonly nodeId: string; readonly machine: Machine },
): MatchedNode[] {
  const taken = new Map<string, Machine>();
  if (self !== undefined) taken.set(self.nodeId, self.machine);
  for (const node of nodes.filter(({ labels }) => labels[hostLabel] !== undefined)) {
    const named = machines.find((machine) => isCalled(machine, node.labels[hostLabel] ?? ""));
    // A label that names no host says that the node is none.
    if (named !== undefined) taken.set(node.id, named);
  }
  const unlabelled = nodes.filter(({ labels }) => labels[hostLabel] === undefined);
  for (const fits of [isAt, isNamed]) {
    const nodesLeft = unlabelled.filter(({ id }) => !taken.has(id));
    const machinesLeft = machines.filter((machine) => ![...taken.values()].some(({ id }) => id === machine.id));
    for (const node of nodesLeft) {
      const [machine, ...others] = machinesLeft.filter((one) => fits(one, node));
      const isOnly = machine && others.length === 0 && nodesLeft.filter((one) => fits(machine, one)).length === 1;
      if (isOnly) taken.set(node.id, machine);
    }
  }
  return nodes.map((node) => ({ ...node, machine: taken.get(node.id) }));
}

function isCalled({ id, handle }: Machine, name: string): boolean {
  return [id, handle].includes(name.toLowerCase());
}

function isAt({ address }: Machine, node: SwarmNode): boolean {
  return address !== "" && address === node.address && !/^(127\.|0\.0\.0\.0$|::1?$)/.test(address);
}

function isNamed({ id, handle, address }: Machine, { hostname }: SwarmNode): boolean {
  const name = hostname.toLowerCase();
  return name !== "" && [id, handle, address.toLowerCase()].includes(name);
}

/** For a person: the host's id, else what the node calls itself. */
export function nameNode({ machine, hostname, id }: MatchedNode): string {
  return machine?.id ?? `${cleanText(hostname) || id} (no host of this lab)`;
}
