import { createIgnoreMatcher, isIgnoredOnWalk, parseIgnoreFile } from "@otto/dockerignore";
import type { LocalTreeFile } from "./tree-entry.js";

/** @param lines as those of a `.dockerignore` */
export function ignorePatterns(lines: readonly string[]): string[] {
  return parseIgnoreFile(lines.join("\n"));
}

/**
 * Whether a path in the tree is left out of the directory with rules that it lies in.
 * @throws OttoError `IGNORE_PATTERN_INVALID`
 */
export async function createIgnoredTest(files: readonly LocalTreeFile[]): Promise<(path: string) => boolean> {
  const ruled = await Promise.all(
    files.filter(isRuled).map(async ({ remotePath, ignore }) => {
      return { prefix: `${remotePath}/`, matcher: await createIgnoreMatcher(ignorePatterns(ignore)) };
    }),
  );
  return (path) =>
    ruled.some(({ prefix, matcher }) => path.startsWith(prefix) && isIgnoredOnWalk(matcher, path.slice(prefix.length)));
}

/** Whether it has rules of its own; a build has those of its ignore file. */
export function isRuled(file: LocalTreeFile): file is LocalTreeFile & { readonly ignore: readonly string[] } {
  return file.kind !== "build" && file.ignore !== undefined;
}
