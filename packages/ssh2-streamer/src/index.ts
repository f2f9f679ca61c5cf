export type {
  CommandResult,
  ExecOptions,
  ProcessExit,
  RemoteProcess,
  SpawnOptions,
  Terminal,
} from "./command.js";
export { type StartOptions, tellFailedExec, toStartArgv } from "./command-line.js";
export { Collector, type CommandOutput, OutputBudget, type OutputBudgetOptions } from "./command-output.js";
export type { ConnectGate } from "./connect-gate.js";
export type { DialEngineOptions } from "./dial-engine-options.js";
export type { PrivateKey, SshCredential, SshEndpoint, SshRoute } from "./endpoint.js";
export { engineVariables } from "./engine-variables.js";
export type { SshEvent, SshEventListener } from "./event.js";
export type { SshErrorCode } from "./failure.js";
export type { HostKeyPolicy, LearnedHostKey } from "./host-key.js";
export {
  type RunOutputs,
  type RunResult,
  type RunToEndOptions,
  runToEnd,
  type StdinSource,
  toExitCode,
} from "./run-to-end.js";
export { openSshSession, type SshSession, type SshSessionOptions } from "./session.js";
export { formatShellCommand } from "./shell-command.js";
export { resolveSshConfig, type SshConfigHost } from "./ssh-config.js";
export type { ReadInclude } from "./ssh-config-include.js";
export { type SendTreeOptions, sendTree } from "./tree.js";
