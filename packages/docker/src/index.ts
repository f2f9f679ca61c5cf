export {
  type BuildEvent,
  type BuildImagesOnOptions,
  type BuildImagesOptions,
  type BuildStep,
  type BuildTarget,
  contextHash,
  formatBuildStep,
  type ImageResult,
  type ImageSharing,
  type ParentBuildEvent,
  planBuild,
  planBuildOn,
  type RegistryEvent,
} from "@otto/build";
export {
  type ComposeBuildEvent,
  type ComposeBuildOutputEvent,
  type ComposeOutputEvent,
  type ComposePsOptions,
  type ComposePullEvent,
  type ContainerRow,
  type ContainerState,
  type ContainerStatus,
  composePs,
  containerStates,
  type DownEvent,
  type DownOutcome,
  type DownStep,
  type FoundFailure,
  formatContainerStatus,
  formatDownStep,
  formatUpStep,
  type IgnoreStep,
  isRunningState,
  type ObservedPort,
  type PulledImage,
  type ReadyEvent,
  type ResourceEvent,
  readContainerStatus,
  readListedStatus,
  type ServiceAction,
  type ServiceActionEvent,
  type ServiceActionSettings,
  type ServiceChoice,
  type ServiceEvent,
  type ServicePhase,
  type ServicePort,
  type StackEvent,
  type StackPhase,
  type StackPullStep,
  type UpEvent,
  type UpPlan,
  type UpPreview,
  type UpStep,
} from "@otto/compose";
export {
  type DockerImage,
  findRepo,
  findRepoRoots,
  type LabData,
  listLabs,
  loadLab,
  loadRepo,
  type Repo,
  selectRepos,
} from "@otto/config";
export { imageFullTag, imageLatestTag } from "@otto/hashing";
export {
  type ContainerHostRow,
  HostRegistry,
  Lab,
  type LabOptions,
  type SshPrompt,
  type SshPromptHandler,
} from "@otto/host-registry";
export type {
  Command,
  CommandOutput,
  CommandResult,
  ContainerExecOptions,
  ContainerLoginOptions,
  ContainerSpawnOptions,
  CopyOptions,
  CopyProgress,
  CopyResult,
  DockerContainerHost,
  FileTransfer,
  ForwardOptions,
  HeldReservation,
  HostShell,
  LockHolder,
  LoginOptions,
  LoginTerminal,
  LogLine,
  LogOptions,
  Parent,
  ParentExecOptions,
  PortForward,
  ProcessExit,
  RemoteProcess,
  Reservation,
  RunOptions,
  RunResult,
  ServiceLogLine,
  SpawnOptions,
  StdinSource,
  Terminal,
  WaitCondition,
  WaitOptions,
} from "@otto/hosts";
export { formatEnd, parseLogTime } from "@otto/hosts";
export { buildImages, buildImagesOn } from "./build-images.js";
export { type ComposeActionOptions, type ContainerChange, composeAct, planComposeAct } from "./compose-actions.js";
export {
  type ComposeDownOptions,
  type ComposeDownResult,
  composeDown,
  type ParentDownResult,
  planComposeDown,
} from "./compose-down.js";
export { type ComposeLogsOptions, composeLogs } from "./compose-logs.js";
export { getUserComposeProject } from "./compose-project.js";
export { type ComposePsAllOptions, composePsAll, type ParentContainers } from "./compose-ps-all.js";
export { type ComposePullOptions, composePull, planComposePull } from "./compose-pull.js";
export {
  type ComposeImage,
  type ComposeQueryOptions,
  type ContainerStats,
  composeConfig,
  composeImages,
  composeInspect,
  composePort,
  composeStats,
  composeTop,
  composeVersions,
  composeWait,
  type EndedContainer,
  type ParentVersions,
} from "./compose-queries.js";
export { type ComposeReapOptions, composeReap } from "./compose-reap.js";
export { type ComposeRunOptions, composeRun } from "./compose-run.js";
export { type ComposeStatusOptions, composeStatus, type StackStatus } from "./compose-status.js";
export { type ComposeTestOptions, composeTest, type TestRun } from "./compose-test.js";
export { composeUp, type PlanUpOptions, planComposeUp, planUpBuilds } from "./compose-up.js";
export { type ComposedOptions, type ComposedStack, composed } from "./composed.js";
export { findByShortId, getContainerHost } from "./container-host-lookup.js";
export { currentLab, withLab } from "./current-lab.js";
export { listServices } from "./declared-services.js";
export {
  type ExtendHostOptions,
  extendHost,
  findReservable,
  type HostReservation,
  type ReleaseHostOptions,
  type ReservedHost,
  type ReserveHostOptions,
  releaseHost,
  reserveHost,
} from "./host-reservation.js";
export { type OpenLabOptions, openLab } from "./open-lab.js";
export type { UpBuilds } from "./part-builds.js";
export type { OnParent } from "./repo-parts.js";
export { preferFreeHosts } from "./role-hosts.js";
export type { PublishedPort, ServiceStatus, StackContainer } from "./service-status.js";
export { type BuildOnParent, shareBuild } from "./shared-build.js";
export { type SharedCallOutlets, shareCall } from "./shared-call.js";
export { type DeclareOptions, declareStacks, type SkippedRepo } from "./stack-declaration.js";
export type { StackFaults } from "./stack-faults.js";
export {
  type GraphContainer,
  type GraphImage,
  type GraphService,
  readStackGraph,
  readStackGraphs,
  type StackGraph,
  type StackGraphOptions,
} from "./stack-graph.js";
export { type ImagePart, listImageParts } from "./stack-parts.js";
export type { PlacementOptions } from "./stack-placement.js";
export type { ComposeUpOptions, UpEnd } from "./up-options.js";
