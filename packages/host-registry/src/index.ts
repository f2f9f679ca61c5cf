export type { KeptSshConnection, SshPrompt, SshPromptHandler } from "ssh2-streamer";
export { type EachOptions, eachPart, joinFailures, parentsAtOnce } from "./each-part.js";
export { listConnections } from "./kept-connections.js";
export { Lab, type LabOptions, type RepoPart } from "./lab.js";
export {
  readTrust,
  recordTrust,
  requireCommandTrust,
  revokeTrust,
  stateDirectory,
  type TrustSetting,
  type TrustState,
} from "./lab-trust.js";
export { type ContainerHostRow, HostRegistry, type HostState } from "./registry.js";
export { SshClientConfig, type SshClientSetting } from "./ssh-client-config.js";
export { planRoute, type SshEnvironment } from "./ssh-route.js";
