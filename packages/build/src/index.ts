export { type DockerfileUse, findStageImages } from "./base-images.js";
export type { BuildEvent, RegistryEvent } from "./build-event.js";
export { buildImages } from "./build-images.js";
export { type PlanBuildOptions, planBuild } from "./build-observation.js";
export type { BuildImagesOptions } from "./build-options.js";
export {
  type BuildStep,
  formatBuildStep,
  hashLabel,
  type PlanImageOptions,
  planImage,
  type WantedImage,
} from "./build-plan.js";
export { findBuildReach, type ReachUse } from "./build-reach.js";
export { type Instruction, readInstructions } from "./dockerfile.js";
export { type ContextHashOptions, contextHash } from "./image-hash.js";
export type { ImageResult } from "./image-result.js";
export { findUserCredentials } from "./registry/user-credentials.js";
