import type { PlacedStack } from "@otto/compose";
import type { Lab, RepoPart } from "@otto/host-registry";
import type { Machine, SwarmLocation, SwarmStack } from "@otto/swarm";
import { type PlacementOptions, projectNameOf } from "../stack-placement.js";

/** The hosts of a lab that may be nodes of a swarm. Nothing is connected. */
export function machinesOf(lab: Lab): Machine[] {
  const capable = lab.data.hosts.filter(({ dockerCapable }) => dockerCapable);
  return capable.map(({ id, handle, ip }) => ({ id, handle, address: ip, open: () => lab.parent(id) }));
}

/** A stack of a part, on the swarm that its parent manages. */
export function swarmStackOf(stack: PlacedStack, lab: Lab): SwarmStack {
  return { ...stack, machines: machinesOf(lab) };
}

/** The same whatever its files say. */
export function swarmLocationOf({ repo, parent }: RepoPart, lab: Lab, options: PlacementOptions): SwarmLocation {
  return { parent, project: projectNameOf(repo, lab, options), machines: machinesOf(lab) };
}
