import { createIgnoreMatcher, type IgnoreMatcher, parseIgnoreFile } from "@otto/dockerignore";
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
  return (path) => ruled.some(({ prefix, matcher }) => path.startsWith(prefix) && isIgnored(matcher, path, prefix));
}

/** Whether it has rules of its own; a build has those of its ignore file. */
export function isRuled(file: LocalTreeFile): file is LocalTreeFile & { readonly ignore: readonly string[] } {
  return file.kind !== "build" && file.ignore !== undefined;
}

/** A matcher is asked on the way down. */
function isIgnored(matcher: IgnoreMatcher, path: string, prefix: string): boolean {
  let match = matcher.root;
  for (let end = path.indexOf("/", prefix.length); end >= 0; end = path.indexOf("/", end + 1))
    match = matcher.matchDirectory(path.slice(prefix.length, end), match);
  return matcher.matchDirectory(path.slice(prefix.length), match).ignored;
}
