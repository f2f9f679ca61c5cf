import type { HostData } from "@otto/config";
import type { Candidate } from "./question.js";

/** A host of the lab. */
export function toCandidate({ id, dockerCapable, isLocal }: HostData): Candidate {
  return { value: id, description: isLocal ? "this machine" : dockerCapable ? "parent" : "host" };
}
