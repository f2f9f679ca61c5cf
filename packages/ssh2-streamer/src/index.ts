export type {
  CommandResult,
  ExecOptions,
  ProcessExit,
  RemoteProcess,
  SpawnOptions,
  Terminal,
} from "./command/command.js";
export { type StartOptions, tellFailedExec, toStartArgv } from "./command/command-line.js";
export { Collector, type CommandOutput, OutputBudget, type OutputBudgetOptions } from "./command/command-output.js";
export {
  type RunOutputs,
  type RunResult,
  type RunToEndOptions,
  runToEnd,
  type StdinSource,
  toExitCode,
} from "./command/run-to-end.js";
export { type SendTreeOptions, sendTree } from "./command/tree.js";
export type { DialSocketOptions, FallbackCommand } from "./hop/hop.js";
export { formatPortScript, type PortScriptOptions, portTools } from "./hop/port-tool.js";
export type { HostKeyPolicy, LearnedHostKey } from "./host-keys/host-key.js";
export { type KeptSshConnection, listKeptConnections } from "./keep/kept-connections.js";
export { endLocalGroup, signalLocalGroup } from "./local/local-group.js";
export type { ConnectGate } from "./route/connect-gate.js";
export type { PrivateKey, SshAlgorithms, SshCredential, SshEndpoint, SshRoute } from "./route/endpoint.js";
export type { SshEvent, SshEventListener } from "./route/event.js";
export type { SshErrorCode } from "./route/failure.js";
export type { PromptQuestion, ReadSecret, SshPrompt, SshPromptHandler } from "./route/prompt.js";
export {
  isSshAlias,
  listSshAliases,
  type ReadInclude,
  resolveSshConfig,
  type SshConfigText,
} from "./route/ssh-config.js";
export type { LocalMachine, SshConfigHost, StrictHostKeyChecking } from "./route/ssh-config-host.js";
export { type AskOpenSsh, createOpenSshQuery, type SshQuery } from "./route/ssh-config-query.js";
export { openSshSession, type SshRouteSource, type SshSession, type SshSessionOptions } from "./session.js";
