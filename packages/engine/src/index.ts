export type { BuildImageOptions } from "./build-image.js";
export type { DialEngine } from "./channel-agent.js";
export type { ContainerDetails, ContainerFilter, ContainerSummary } from "./containers.js";
export { createEngine, type Engine, type EngineVersion } from "./engine.js";
export type { ContainerProcess, ExecOptions, ProcessExit } from "./exec.js";
export type { ImageInfo } from "./images.js";
export { readJsonLines } from "./json-lines.js";
export { demultiplex } from "./multiplexed-stream.js";
