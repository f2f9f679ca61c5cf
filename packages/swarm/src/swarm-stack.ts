import type { PlacedStack } from "@otto/compose";
import type { Machine } from "./nodes/match-nodes.js";

/** A stack that a manager deploys. */
export interface SwarmStack extends PlacedStack {
  /** The hosts of the lab that may be nodes of the swarm. */
  readonly machines: readonly Machine[];
  /**
   * What images of the files are in the swarm, by their names as an engine lists them (`shop-api:latest`): each a reference that does not change its content, a
   * digest or a hash tag. Default: none; those that are left out are resolved by their registry.
   */
  readonly images?: ReadonlyMap<string, string> | undefined;
}
