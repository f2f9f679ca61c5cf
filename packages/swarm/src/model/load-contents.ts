import type { PlacedStack } from "@otto/compose";
import { describeFileError, isSystemError, OttoError, readBoundedFile, Secret } from "@otto/errors";
import { type LoadedContent, type NamedContent, nameContent } from "./content-names.js";
import type { DeclaredContent } from "./stack-model.js";

/** The largest config that a swarm takes; of secrets half of it. */
const largestBytes = 1000 * 1024;

/**
 * Reads what configs and secrets hold, and names them.
 * @throws OttoError `SWARM_CONTENT_UNREADABLE`
 */
export function loadContents(
  stack: PlacedStack,
  declared: readonly DeclaredContent[],
  clusterId: string,
): Promise<NamedContent[]> {
  return Promise.all(
    declared.map(async (content) => {
      const loaded: LoadedContent = { ...content, data: await load(stack, content) };
      return nameContent(loaded, { project: stack.project, clusterId });
    }),
  );
}

async function load({ files }: PlacedStack, { kind, key, source }: DeclaredContent): Promise<Secret> {
  if ("text" in source) return new Secret(source.text);
  if ("variable" in source) {
    const value = files.contentVariables.get(source.variable);
    if (value === undefined) throw unreadable({ kind, key }, `the variable ${source.variable} is not set`);
    return value;
  }
  const path = files.resources.find(({ remotePath }) => remotePath === source.file)?.localPath;
  if (path === undefined) throw unreadable({ kind, key }, `${source.file} is no file of this machine`);
  try {
    return new Secret(await readBoundedFile(path, largestBytes));
  } catch (error) {
    throw unreadable(
      { kind, key },
      `${path}: ${isSystemError(error) ? describeFileError(error) : (error as Error).message}`,
      error,
    );
  }
}

function unreadable({ kind, key }: Pick<DeclaredContent, "kind" | "key">, reason: string, cause?: unknown): OttoError {
  return new OttoError("SWARM_CONTENT_UNREADABLE", `reading the ${kind} ${key}: ${reason}`, {
    hint: `A ${kind} of a swarm is a regular file of at most ${kind === "config" ? 1000 : 500} kB, or a variable that is set.`,
    details: { kind, key },
    cause,
  });
}
