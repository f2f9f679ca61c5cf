export type { TarBuildOptions } from "./build/build-image.js";
export type { BuildImageOptions, BuildProgress } from "./build/build-options.js";
export type { SyncDirectory, SyncRequest, SyncSource } from "./buildkit/file-sync.js";
export type { Stat } from "./buildkit/packet.js";
export type { SessionBuildOptions, SessionServices } from "./buildkit/session.js";
export type { DialEngine } from "./connection/channel-agent.js";
export { readJsonLines } from "./connection/json-lines.js";
export type { ContainerPath, PathStat } from "./containers/container-archive.js";
export type { ContainerEvent } from "./containers/container-events.js";
export {
  type ContainerFacts,
  type ContainerState,
  type ContainerStatus,
  containerStates,
  formatContainerStatus,
  isRunningState,
  readContainerStatus,
  readListedStatus,
} from "./containers/container-status.js";
export type { ContainerDetails, ContainerFilter, ContainerSummary } from "./containers/containers.js";
export { type ContainerProcess, type ExecOptions, isRuntimeFailure, type ProcessExit } from "./containers/exec.js";
export type { LogEntry } from "./containers/log-entries.js";
export type { LogRange } from "./containers/logs.js";
export { demultiplex } from "./containers/multiplexed-stream.js";
export type { StartOptions } from "./containers/start.js";
export { createEngine, type Engine, type EngineVersion } from "./engine.js";
export type { PullOptions, TransferOptions } from "./images/image-transfer.js";
export type { ImageInfo } from "./images/images.js";
export type { RegistryCredentials } from "./images/registry-credentials.js";
export { registryConnectionHint } from "./images/registry-hint.js";
export type { TransferProgress } from "./images/transfer-log.js";
export { describeMembership } from "./swarm/membership.js";
export type { ContentKind, NewContent, SwarmApi } from "./swarm/swarm-api.js";
export type {
  SwarmContent,
  SwarmMembership,
  SwarmNetwork,
  SwarmNode,
  SwarmService,
  SwarmServiceMode,
  SwarmTask,
  SwarmUpdate,
} from "./swarm/swarm-objects.js";
