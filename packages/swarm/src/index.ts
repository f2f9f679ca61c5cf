export { type SwarmDownOptions, type SwarmDownOutcome, takeDownSwarm } from "./down.js";
export { leaseSwarm, reapSwarm, type SwarmLease, type SwarmLeaseOptions } from "./lease.js";
export { hostLabel, type Machine, type MatchedNode, matchNodes, nameNode } from "./nodes/match-nodes.js";
export { type ObservedSwarm, observeSwarm, type SwarmLocation } from "./observed-swarm.js";
export { previewDownSwarm, previewUpSwarm, type SwarmPreview } from "./preview.js";
export type { SwarmStack } from "./swarm-stack.js";
export { createTaskHost, listTasks, type PlacedTask, SwarmManagers, type TaskPlace } from "./task-hosts.js";
export { bringUpSwarm, type SwarmUpOptions } from "./up.js";
