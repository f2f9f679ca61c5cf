import { parseImageReference } from "@otto/hashing";

/** What an image is tagged or pushed as. A digest is left in the name: the engine says that it takes none there. */
export function splitTarget(reference: string): { repository: string; tag: string } {
  const { familiarName, tag = "latest", digest } = parseImageReference(reference);
  return { repository: digest === undefined ? familiarName : `${familiarName}@${digest}`, tag };
}
