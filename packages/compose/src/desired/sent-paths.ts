import { findUnsentPaths } from "@otto/compose-files";
import { cleanText, OttoError } from "@otto/errors";
import type { Manifest } from "@otto/remote-tree";
import { localReader } from "../declared/local-reader.js";
import type { PlacedStack } from "../declared/stack.js";
import { parseModel } from "./service-digest.js";

/**
 * Refuses a stack of which compose would look for a file of this machine that was not sent, since the key that names it
 * is newer than otto.
 * @param model what {@link configCommand} printed
 * @throws OttoError `COMPOSE_KEY_UNSUPPORTED`
 */
export async function requireSent(
  { repo, project, parent, files }: PlacedStack,
  model: string,
  { directory, manifest }: { readonly directory: string; readonly manifest: Manifest },
): Promise<void> {
  const isListed = (path: string) => Object.hasOwn(manifest, path);
  const tree = { directory, isListed, repoRoot: repo.root, reader: localReader };
  const [unsent] = await findUnsentPaths(files, parseModel(model), tree);
  if (unsent === undefined) return;
  const [key, path] = [cleanText(unsent.key), cleanText(unsent.path)];
  throw new OttoError(
    "COMPOSE_KEY_UNSUPPORTED",
    `docker compose up of ${project} on ${parent.id}: ${key} names ${path} of this machine, which is not sent`,
    {
      hint: "Update otto: it does not know that this key names a local file. Until then, leave the key out.",
      details: { host: parent.id, project, key, path },
    },
  );
}
