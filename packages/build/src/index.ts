export { type BuildEvent, type BuildImagesOptions, buildImages, type ImageResult } from "./build-images.js";
export { type PlanBuildOptions, planBuild } from "./build-observation.js";
export { type BuildStep, formatBuildStep, hashLabel, planImage, type WantedImage } from "./build-plan.js";
export { contextHash } from "./context-source.js";
