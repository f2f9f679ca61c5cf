import type { IncomingHttpHeaders } from "node:http";
import { isOlder } from "./api-version.js";

/** The version of the API that we speak, where the engine does. */
export const ourApiVersion = "1.43";

/** What the first answer of an engine says, when it speaks our version: nothing else has to be asked then. */
export interface OwnWords {
  readonly hasBuildKit: boolean;
}

/**
 * Reads how an engine introduces itself in the headers of its answers.
 * @returns undefined where it is not Docker's, or speaks no version as late as ours, or does not say: `GET /version` does
 */
export function readOwnWords(headers: IncomingHttpHeaders): OwnWords | undefined {
  const { server, "api-version": version, ostype } = headers;
  if (typeof server !== "string" || !server.startsWith("Docker/")) return undefined;
  if (typeof version !== "string" || !/^\d+\.\d+$/.test(version)) return undefined;
  return isOlder(version, ourApiVersion) ? undefined : { hasBuildKit: ostype === "linux" };
}
