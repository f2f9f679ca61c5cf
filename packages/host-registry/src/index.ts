export { diagnose } from "./doctor/diagnose.js";
export type { DoctorCheck, Finding, Verdict } from "./doctor/finding.js";
export { Lab, type LabOptions } from "./lab.js";
export { type ContainerHostRow, HostRegistry } from "./registry.js";
export { planRoute, type SshSurroundings } from "./ssh-route.js";
