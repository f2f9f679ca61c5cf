import type { IgnoreMatcher } from "./ignore-matcher.js";

// What matches expressions takes 10 ms to load: a program that reads no context does without.
const loadMatching = () => import("./ignore-matcher.js");

/**
 * Compiles patterns, as `parseIgnoreFile` gives them, in moby/patternmatcher's dialect.
 *
 * @throws IGNORE_PATTERN_INVALID for a pattern that the reference refuses, with the reference's words
 */
export async function createIgnoreMatcher(patterns: readonly string[]): Promise<IgnoreMatcher> {
  return (await loadMatching()).compileIgnoreMatcher(patterns);
}

/**
 * Whether Docker's builder, asked about one path by itself, takes it for ignored.
 *
 * @throws IGNORE_PATTERN_INVALID
 */
export async function isIgnoredPath(patterns: readonly string[], path: string): Promise<boolean> {
  return (await loadMatching()).matchIgnoredPath(patterns, path);
}

/**
 * Whether a walk from the root leaves this path out: each directory on the way is asked first.
 *
 * @throws IGNORE_PATTERN_INVALID
 */
export function isIgnoredOnWalk(matcher: IgnoreMatcher, path: string): boolean {
  let match = matcher.root;
  for (let end = path.indexOf("/"); end >= 0; end = path.indexOf("/", end + 1))
    match = matcher.matchDirectory(path.slice(0, end), match);
  return matcher.ignores(path, match);
}
