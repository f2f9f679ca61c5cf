import { compileIgnorePatterns, type IgnorePattern } from "./ignore-pattern.js";
import { createReach } from "./ignore-reach.js";

/** What the rules say of one directory; what they say of its entries depends on it. */
export interface DirectoryMatch {
  readonly ignored: boolean;
  /** Whether something below may be included: never false for a directory that is not ignored. */
  readonly mayHoldIncluded: boolean;
  /** Which patterns matched it, by their place. */
  readonly matched: readonly boolean[];
}

/** Answers for one set of patterns which paths BuildKit leaves out. Paths start at the context, with `/`; a lone surrogate stands for a byte that is not UTF-8. */
export interface IgnoreMatcher {
  /** The context's root, from which a walk starts. */
  readonly root: DirectoryMatch;
  /** @throws IGNORE_PATTERN_INVALID */
  matchDirectory(path: string, parent: DirectoryMatch): DirectoryMatch;
  /**
   * Whether an entry that is not a directory is left out.
   *
   * @throws IGNORE_PATTERN_INVALID
   */
  ignores(path: string, parent: DirectoryMatch): boolean;
}

/**
 * @throws IGNORE_PATTERN_INVALID
 * @see https://github.com/moby/patternmatcher MatchesUsingParentResults
 * @see https://github.com/tonistiigi/fsutil filterFS.Walk
 */
export function compileIgnoreMatcher(patterns: readonly string[]): IgnoreMatcher {
  const compiled = compileIgnorePatterns(patterns);
  const reaches = createReach(compiled);
  return {
    root: { ignored: false, mayHoldIncluded: true, matched: compiled.map(() => false) },
    matchDirectory(path, parent) {
      const matched = compiled.map(() => false);
      const ignored = evaluate(compiled, path, parent.matched, matched);
      const mayHoldIncluded = !ignored || reaches(path, matched);
      return { ignored, mayHoldIncluded, matched };
    },
    ignores(path, parent) {
      return compiled.length > 0 && evaluate(compiled, path, parent.matched);
    },
  };
}

/**
 * @throws IGNORE_PATTERN_INVALID
 * @see https://github.com/moby/patternmatcher MatchesOrParentMatches
 */
export function matchIgnoredPath(patterns: readonly string[], path: string): boolean {
  const compiled = compileIgnorePatterns(patterns);
  const parts = path.split("/");
  const paths = parts.map((_, index) => parts.slice(0, index + 1).join("/")).reverse();
  let ignored = false;
  for (const pattern of compiled) {
    if (pattern.negated !== ignored) continue;
    if (paths.some((candidate) => pattern.matches(candidate, candidate.toWellFormed()))) ignored = !pattern.negated;
  }
  return ignored;
}

/**
 * A pattern that cannot change the verdict so far is not asked and counts as not matched, below the directory too:
 * that is how the reference does it, and it shows.
 */
function evaluate(
  patterns: readonly IgnorePattern[],
  path: string,
  parentMatched: readonly boolean[],
  record?: boolean[],
): boolean {
  const printable = path.toWellFormed();
  let ignored = false;
  for (let index = 0; index < patterns.length; index++) {
    const pattern = patterns[index];
    if (pattern === undefined) continue;
    if (parentMatched[index] !== true) {
      if (pattern.negated !== ignored || !pattern.matches(path, printable)) continue;
    }
    if (record !== undefined) record[index] = true;
    ignored = !pattern.negated;
  }
  return ignored;
}
