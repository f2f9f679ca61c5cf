export { diagnose } from "./diagnose.js";
export type { DoctorCheck, Finding, Verdict } from "./finding.js";
