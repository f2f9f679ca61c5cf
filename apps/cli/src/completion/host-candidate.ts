import type { HostData } from "@otto/config";
import { isOttoError } from "@otto/errors";
import { SshClientConfig } from "@otto/host-registry";
import type { Session } from "../session.js";
import type { Candidate } from "./question.js";

/** A host of the lab. */
export function toCandidate({ id, dockerCapable, isLocal }: HostData): Candidate {
  return { value: id, description: isLocal ? "this machine" : dockerCapable ? "parent" : "host" };
}

/** The aliases of the user's SSH configuration, which is parsed: nothing of it is run. */
export function readAliases({ invocation }: Session): readonly Candidate[] {
  try {
    const names = new SshClientConfig(invocation).aliases();
    // What is of another form would have to be escaped, or is taken for a container's id.
    return names.filter((name) => /^[\w-]+$/.test(name)).map((value) => ({ value, description: "SSH alias" }));
  } catch (error) {
    if (isOttoError(error)) return [];
    throw error;
  }
}
