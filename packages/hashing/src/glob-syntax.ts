/**
 * Whether Go's `filepath.Match` accepts the pattern. The reference asks it for nothing but the syntax: what a pattern
 * matches is decided elsewhere.
 */
export function isGlob(pattern: string): boolean {
  const characters = [...pattern];
  for (let at = 0; at < characters.length; ) {
    const end = chunkEnd(characters, at);
    if (!isChunk(characters.slice(at, end))) return false;
    at = end;
    while (characters[at] === "*") at++;
  }
  return true;
}

/** A chunk ends before a `*` that no bracket holds, by a count of brackets simpler than the one in `isChunk`. */
function chunkEnd(characters: readonly string[], start: number): number {
  let inRange = false;
  for (let at = start; at < characters.length; at++) {
    const character = characters[at];
    if (character === "\\") at++;
    else if (character === "[") inRange = true;
    else if (character === "]") inRange = false;
    else if (character === "*" && !inRange) return at;
  }
  return characters.length;
}

function isChunk(chunk: readonly string[]): boolean {
  for (let at = 0; at < chunk.length; ) {
    if (chunk[at] === "[") {
      const end = rangesEnd(chunk, chunk[at + 1] === "^" ? at + 2 : at + 1);
      if (end === undefined) return false;
      at = end;
    } else if (chunk[at] === "\\") {
      if (at + 1 === chunk.length) return false;
      at += 2;
    } else at++;
  }
  return true;
}

function rangesEnd(chunk: readonly string[], start: number): number | undefined {
  let at: number | undefined = start;
  for (let ranges = 0; ; ranges++) {
    if (chunk[at] === "]" && ranges > 0) return at + 1;
    at = rangeCharacterEnd(chunk, at);
    if (at !== undefined && chunk[at] === "-") at = rangeCharacterEnd(chunk, at + 1);
    if (at === undefined) return undefined;
  }
}

/** The place after one, maybe escaped, character of a range; a range's character is never the last of its chunk. */
function rangeCharacterEnd(chunk: readonly string[], start: number): number | undefined {
  const first = chunk[start];
  if (first === undefined || first === "-" || first === "]") return undefined;
  const end = first === "\\" ? start + 2 : start + 1;
  return end < chunk.length ? end : undefined;
}
