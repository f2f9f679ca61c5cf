export type { Engine } from "@otto/engine";
export {
  type CommandOutput,
  engineVariables,
  type ProcessExit,
  type RemoteProcess,
  type SpawnOptions,
  type SshEvent,
  type SshEventListener,
  type SshRoute,
  type StdinSource,
  type Terminal,
} from "ssh2-streamer";
export type { Command, CommandResult } from "./command.js";
export { readServicePlace, type ServicePlace } from "./compose-labels.js";
export { type ComposeProgram, type ComposeVersion, findCompose } from "./compose-program.js";
export type { ContainerExecOptions } from "./container-exec.js";
export type { ContainerHostOptions } from "./container-finder.js";
export { DockerContainerHost } from "./container-host.js";
export type { ContainerSpawnOptions } from "./container-process.js";
export type { DeclaredDocker, ParentDocker } from "./engine-address.js";
export type { CopyOptions, CopyResult } from "./files/copy.js";
export type { CopyProgress } from "./files/copy-tally.js";
export type { FileTransfer } from "./files/file-transfer.js";
export type { ForwardOptions, PortForward } from "./forward/port-forward.js";
export type { HostShell, RunOptions, RunResult } from "./host-shell.js";
export { createLocalParent, type LocalParentOptions } from "./local-parent.js";
export { type LockHolder, parseHolder } from "./lock-holder.js";
export { lockFunctions } from "./lock-script.js";
export type { ContainerLoginOptions, LoginOptions, LoginTerminal } from "./login.js";
export type { LogLine } from "./logs/log-line.js";
export { parseLogTime } from "./logs/log-time.js";
export type { LogSelection } from "./logs/service-containers.js";
export { type LogOptions, readServiceLogs, type ServiceLogLine } from "./logs/service-logs.js";
export type { Parent, ParentExecOptions } from "./parent.js";
export { findMissingPrograms } from "./parent-programs.js";
export { type RemoteLockOptions, withRemoteLock } from "./remote-lock.js";
export { SharedWork } from "./shared-work.js";
export { createSshParent, type SshParentOptions } from "./ssh-parent.js";
