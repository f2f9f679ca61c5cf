export { createBusyboxImage, layBusybox, type TestImage } from "./busybox-image.js";
export { diskReader } from "./disk-reader.js";
export { type EchoServer, startEcho } from "./echo-server.js";
export { dockerd, type EngineProgram, oldDockerd, podman, startEngine, type TestEngine } from "./engine.js";
export { type EngineEvent, engineEvent, engineTime, recordEngineEvents } from "./engine-events.js";
export { engineEnvironment, engineSocketPath } from "./engine-socket.js";
export { listFiles } from "./file-listing.js";
export type { LabHost } from "./host.js";
export { type ImageEntry, listImage, readImage, readImageFile, readTar } from "./image-listing.js";
export { type Kdc, startKdc } from "./kdc.js";
export { createKeyPair, type KeyPair } from "./keys.js";
export { findLabKind, type LabKind, type LabKindName, labKinds, secondEngineSocket } from "./kinds.js";
export { type Lab, startLab } from "./lab.js";
export { type LabJson, type LabJsonHost, labJson } from "./lab-json.js";
export { LimitedLink, linkCuts } from "./limited-link.js";
export { findLockViolations, type LockEvent } from "./lock-history.js";
export { findGrowth, type LongLife, type LongWork } from "./long-life.js";
export type { Machine, MachineOptions } from "./machines/machine.js";
export { type Machines, startMachines } from "./machines/machines.js";
export { joinSwarm } from "./machines/swarm.js";
export { createMemoryGauge } from "./memory-gauge.js";
export {
  type Authentication,
  type EngineAccess,
  type HostDocker,
  type HostOptions,
  type KeyType,
  type LabOptions,
  type SshServer,
  usualServer,
} from "./options.js";
export { closedPort, findFreePort } from "./ports.js";
export { type LabProxy, startProxy } from "./proxy.js";
export type { ProxyOptions } from "./proxy-link.js";
export { createNoise, createRandom, type RandomRun, readRandomRun, readSeed } from "./random.js";
export { type Registry, type RegistryLogin, startRegistry } from "./registry.js";
export { type TreeText, writeTree } from "./tree-text.js";
export { setLoginShell } from "./user.js";
