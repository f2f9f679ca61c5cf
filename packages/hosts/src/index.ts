export type { Engine } from "@otto/engine";
export type {
  CommandOutput,
  ProcessExit,
  RemoteProcess,
  SpawnOptions,
  SshEvent,
  SshEventListener,
  SshRoute,
  SshRouteSource,
  StdinSource,
  Terminal,
} from "ssh2-streamer";
export { projectLabel, readServiceReplica, type ServiceReplica, type StackEngine } from "./compose/compose-labels.js";
export { type ComposeProgram, type ComposeVersion, findCompose } from "./compose/compose-program.js";
export type { ContainerExecOptions } from "./container/container-exec.js";
export {
  type BringUp,
  type ContainerHostOptions,
  type ContainerLocation,
  notRunning,
} from "./container/container-finder.js";
export { type ContainerLoginOptions, DockerContainerHost } from "./container/container-host.js";
export type { ContainerSpawnOptions } from "./container/container-process.js";
export { type ContainerRunOptions, runContainer } from "./container/container-run.js";
export type { WaitOptions } from "./container/container-wait.js";
export type {
  HealthCondition,
  HttpCondition,
  LogCondition,
  PortCondition,
  WaitCondition,
} from "./container/wait-condition.js";
export type { Fault } from "./faults/fault.js";
export { heldContainersScript } from "./faults/fault-script.js";
export { nothingToCut, openPartition, type Partition } from "./faults/partition.js";
export type { CopyOptions, CopyResult } from "./files/copy.js";
export type { CopyProgress } from "./files/copy-progress.js";
export type { FileTransfer } from "./files/file-transfer.js";
export type { ForwardOptions, PortForward } from "./forward/port-forward.js";
export { formatEnd, ownerOf, parseClaim, type Reservation, refusal } from "./lock/claim.js";
export { denseScript } from "./lock/dense-script.js";
export { type LockHolder, lockFunctions, parseHolder } from "./lock/lock-script.js";
export { type RemoteLockOptions, withRemoteLock } from "./lock/remote-lock.js";
export type { LogLine } from "./logs/log-line.js";
export { parseLogTime } from "./logs/log-time.js";
export type { LogSelection } from "./logs/service-containers.js";
export { type LogOptions, readServiceLogs, type ServiceLogLine } from "./logs/service-logs.js";
export { engineVariables } from "./parent/dial-stdio.js";
export type { DeclaredDocker, ParentDocker } from "./parent/engine-address.js";
export { createLocalParent, type LocalParentOptions } from "./parent/local-parent.js";
export type { Parent } from "./parent/parent.js";
export type { ParentExecOptions } from "./parent/parent-exec.js";
export { findMissingPrograms } from "./parent/parent-programs.js";
export { createSshParent, type SshParentOptions } from "./parent/ssh-parent.js";
export type { ParentLogEntry, ParentLogLine } from "./parent-log/log-line.js";
export { appendLogScript } from "./parent-log/log-script.js";
export { appendParentLog, type ParentLogOptions, readParentLog } from "./parent-log/parent-log.js";
export type { Command, CommandResult } from "./process/command.js";
export type { LoginOptions, LoginTerminal } from "./process/login.js";
export {
  type ExtendOptions,
  extendReservation,
  type HeldReservation,
  type ReleaseOptions,
  type ReserveOptions,
  readReservations,
  refuseReserved,
  releaseParent,
  reserveParent,
} from "./reservation/reservation.js";
export type { HostShell, RunOptions, RunResult } from "./shell/host-shell.js";
