import { RE2JS } from "re2js";
import type { IgnorePattern } from "./ignore-pattern.js";

/** Whether below this ignored directory, which matched these patterns, something may be included again. */
export type Reach = (directory: string, matched: readonly boolean[]) => boolean;

interface Exception {
  readonly index: number;
  /** The pattern without a last `/**` or `/*`, and with a slash. It begins with each directory above it. */
  readonly lead: string;
  readonly segments: readonly RE2JS[] | undefined;
}

/**
 * The reference enters an ignored directory only where a `!` pattern leads into it, but when one of them holds a
 * wildcard it enters every one. Here it is asked of each `!` pattern that comes after the last one that ignored the
 * directory: an earlier one has no say below.
 *
 * @see https://github.com/tonistiigi/fsutil filterFS.Walk
 */
export function createReach(patterns: readonly IgnorePattern[]): Reach {
  const exceptions = patterns.flatMap((pattern, index) => (pattern.negated ? [describeException(pattern, index)] : []));
  const leadsOnly = exceptions.every(({ lead }) => !/[*[\]?^\\]/.test(lead));
  return (directory, matched) => {
    const last = matched.findLastIndex((match, index) => match && patterns[index]?.negated === false);
    const prefix = `${directory}/`;
    return exceptions.some(
      ({ index, lead, segments }) =>
        index > last &&
        (leadsOnly ? lead.startsWith(prefix) : segments === undefined || leadsInto(segments, directory)),
    );
  };
}

function describeException({ text }: IgnorePattern, index: number): Exception {
  const lead = `${text.replace(/\/\*\*$/, "").replace(/\/\*$/, "")}/`;
  return { index, lead, segments: plainSegments(text) };
}

/** One expression a path segment; undefined for a pattern that is more than names, `*` and `?`. */
function plainSegments(text: string): readonly RE2JS[] | undefined {
  if (text.includes("**") || /[[\]\\{}|^\ufeff]/.test(text)) return undefined;
  return text.split("/").map((segment) => {
    const source = segment
      .replace(/[.+()$]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".");
    return RE2JS.compile(`^${source}$`, RE2JS.DOTALL);
  });
}

function leadsInto(segments: readonly RE2JS[], directory: string): boolean {
  const names = directory.split("/");
  return segments.length > names.length && names.every((name, index) => segments[index]?.test(name));
}
