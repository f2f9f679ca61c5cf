/** The name is matched, not matched, or the pattern was seen to be malformed. */
type Outcome = "match" | "mismatch" | "malformed";

/**
 * Whether the reference takes the pattern. It asks Go's `filepath.Match` to match it with `.`, and that reads a pattern
 * only as far as it has to: what is malformed behind a `*` that is not reached goes through.
 *
 * @see https://pkg.go.dev/path/filepath#Match
 */
export function isGlob(pattern: string): boolean {
  return matchGlob(Array.from(pattern), ["."]) !== "malformed";
}

/**
 * Whether a name matches, as Go's `filepath.Match` says; nothing matches a malformed pattern.
 *
 * @see https://pkg.go.dev/path/filepath#Match
 */
export function matchesGlob(pattern: string, name: string): boolean {
  return matchGlob(Array.from(pattern), Array.from(name)) === "match";
}

function matchGlob(pattern: readonly string[], name: readonly string[]): Outcome {
  let [at, rest] = [0, name];
  while (at < pattern.length) {
    const star = pattern[at] === "*";
    while (pattern[at] === "*") at++;
    const end = chunkEnd(pattern, at);
    const chunk = pattern.slice(at, end);
    const last = end === pattern.length;
    if (star && chunk.length === 0) return rest.includes("/") ? "mismatch" : "match";
    const found = skipTo({ chunk, last, star }, rest);
    if (typeof found === "string") return found;
    [at, rest] = [end, found];
  }
  return rest.length === 0 ? "match" : "mismatch";
}

/** What is left of the name after the chunk, which a star lets begin later. */
function skipTo(
  { chunk, last, star }: { chunk: readonly string[]; last: boolean; star: boolean },
  name: readonly string[],
): readonly string[] | "mismatch" | "malformed" {
  for (let skipped = 0; ; skipped++) {
    const left = matchChunk(chunk, name.slice(skipped));
    if (left === "malformed") return left;
    if (left !== undefined && (left.length === 0 || !last)) return left;
    if (!star || skipped === name.length || name[skipped] === "/") return "mismatch";
  }
}

/** A chunk ends before a `*` that no bracket holds, by a count of brackets simpler than the one in `matchRanges`. */
function chunkEnd(pattern: readonly string[], start: number): number {
  let inRange = false;
  for (let at = start; at < pattern.length; at++) {
    const character = pattern[at];
    if (character === "\\") at++;
    else if (character === "[") inRange = true;
    else if (character === "]") inRange = false;
    else if (character === "*" && !inRange) return at;
  }
  return pattern.length;
}

/** The rest of the name after the chunk; the chunk is read to its end even when it cannot match any more. */
function matchChunk(chunk: readonly string[], name: readonly string[]): readonly string[] | "malformed" | undefined {
  let [at, used, failed] = [0, 0, false];
  while (at < chunk.length) {
    const character = name[used++];
    if (chunk[at] === "[") {
      const ranges = matchRanges(chunk, at + 1, character ?? "");
      if (ranges === undefined) return "malformed";
      at = ranges.end;
      failed ||= character === undefined || !ranges.matched;
      continue;
    }
    const any = chunk[at] === "?";
    if (chunk[at] === "\\" && ++at === chunk.length) return "malformed";
    failed ||= character === undefined || (any ? character === "/" : character !== chunk[at]);
    at++;
  }
  return failed ? undefined : name.slice(used);
}

/** Reads the ranges after a `[`, and whether they hold the character. */
function matchRanges(
  chunk: readonly string[],
  start: number,
  character: string,
): { end: number; matched: boolean } | undefined {
  const negated = chunk[start] === "^";
  let at = negated ? start + 1 : start;
  let matched = false;
  for (let ranges = 0; ranges === 0 || chunk[at] !== "]"; ranges++) {
    const low = readRangeCharacter(chunk, at);
    const high = low !== undefined && chunk[low.end] === "-" ? readRangeCharacter(chunk, low.end + 1) : low;
    if (low === undefined || high === undefined) return undefined;
    matched ||= isBetween(character, low.character, high.character);
    at = high.end;
  }
  return { end: at + 1, matched: matched !== negated };
}

/** One, maybe escaped, character of a range; it is never the last of its chunk. */
function readRangeCharacter(chunk: readonly string[], start: number): { character: string; end: number } | undefined {
  const first = chunk[start];
  if (first === undefined || first === "-" || first === "]") return undefined;
  const at = first === "\\" ? start + 1 : start;
  return at + 1 < chunk.length ? { character: chunk[at] ?? "", end: at + 1 } : undefined;
}

function isBetween(character: string, low: string, high: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  return (low.codePointAt(0) ?? 0) <= code && code <= (high.codePointAt(0) ?? 0);
}
