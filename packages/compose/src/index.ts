export { containerHostId, createContainerHost } from "./container-hosts.js";
export { type ContainerRow, composePs } from "./container-rows.js";
export { type DownOptions, takeDown } from "./down.js";
export { type PlacedStack, readStack, type Stack, type StackOptions } from "./stack.js";
export { type ObservedContainer, observeStack } from "./stack-observation.js";
export { bringUp, planUp, type UpEvent, type UpOptions } from "./up.js";
export { formatUpStep, type UpStep } from "./up-plan.js";
