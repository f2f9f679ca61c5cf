export { createBusyboxImage, layBusybox, type TestImage } from "./busybox-image.js";
export { dockerd, type EngineProgram, oldDockerd, podman, startEngine, type TestEngine } from "./engine.js";
export type { LabHost } from "./host.js";
export { createKeyPair, type KeyPair } from "./keys.js";
export { type Lab, startLab } from "./lab.js";
export { type LabJson, type LabJsonHost, labJson } from "./lab-json.js";
export type { Authentication, EngineAccess, HostOptions, KeyType, LabOptions } from "./options.js";
export { type LabProxy, type ProxyOptions, startProxy } from "./proxy.js";
export { type Registry, type RegistryLogin, startRegistry } from "./registry.js";
