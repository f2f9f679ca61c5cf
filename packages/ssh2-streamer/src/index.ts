export type {
  CommandResult,
  ExecOptions,
  ProcessExit,
  RemoteProcess,
  SpawnOptions,
  Terminal,
} from "./command.js";
export type { PrivateKey, SshCredential, SshEndpoint, SshRoute } from "./endpoint.js";
export type { SshEvent, SshEventListener } from "./event.js";
export type { HostKeyPolicy, LearnedHostKey } from "./host-key.js";
export {
  type DialEngineOptions,
  openSshSession,
  type SendTreeOptions,
  type SshSession,
  type SshSessionOptions,
} from "./session.js";
