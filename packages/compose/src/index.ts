export { containerHostId, createContainerHost } from "./container-hosts.js";
export { type ContainerRow, composePs } from "./container-rows.js";
export { type DownEvent, type DownOptions, takeDown } from "./down.js";
export { type PlacedStack, readStack, type Stack, type StackOptions } from "./stack.js";
export type { ObservedContainer } from "./stack-observation.js";
export { previewUp } from "./stack-plan.js";
export type { LockHolder } from "./stack-session.js";
export { bringUp, type UpEvent, type UpOptions } from "./up.js";
export { formatUpStep, type UpStep } from "./up-plan.js";
