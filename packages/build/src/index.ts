export { type DockerfileUse, findStageImages } from "./base-images.js";
export type { BuildEvent, ParentBuildEvent, RegistryEvent } from "./build-event.js";
export { buildImages, buildImagesOn } from "./build-images.js";
export { type BuildTarget, type PlanBuildOptions, planBuild, planBuildOn } from "./build-observation.js";
export type { BuildImagesOnOptions, BuildImagesOptions } from "./build-options.js";
export {
  type BuildStep,
  formatBuildStep,
  hashLabel,
  type ImageSharing,
  type PlanImageOptions,
  planImage,
  type WantedImage,
} from "./build-plan.js";
export { findBuildReach, type ReachUse } from "./build-reach.js";
export { type Instruction, readInstructions } from "./dockerfile.js";
export { type ContextHashOptions, contextHash } from "./image-hash.js";
export type { ImageResult } from "./image-result.js";
export { findUserCredentials } from "./registry/user-credentials.js";
