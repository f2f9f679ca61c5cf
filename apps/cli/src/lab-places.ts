import type { LabPlaces } from "@otto/config";
import { requireCommandTrust } from "@otto/host-registry";
import type { Session } from "./session.js";

/** Where labs are read from; commands that print labs run where the user trusts the settings that name them. */
export function labPlaces({ invocation: { env, home }, signal }: Session): LabPlaces {
  return {
    env,
    home,
    signal,
    requireTrust: (origin, command) => requireCommandTrust(origin, command, { env, home }),
  };
}
