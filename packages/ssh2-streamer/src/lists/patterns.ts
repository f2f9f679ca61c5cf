/** Whether a name matches one pattern of a list, and none that begins with `!`. */
export function matchesList(patterns: readonly string[], name: string): boolean {
  const [refused, wanted] = [true, false].map((isNegated) => patterns.filter((it) => it.startsWith("!") === isNegated));
  if (refused?.some((pattern) => matchesPattern(pattern.slice(1), name))) return false;
  return wanted?.some((pattern) => matchesPattern(pattern, name)) ?? false;
}

/** `*` and `?` stand for any characters. */
export function matchesPattern(pattern: string, name: string): boolean {
  // By hand: a regular expression takes exponential time for many stars.
  let [at, star, tried] = [0, -1, 0];
  for (let index = 0; index < name.length; ) {
    if (pattern[at] === "*") [star, tried, at] = [at, index, at + 1];
    else if (pattern[at] === "?" || pattern[at] === name[index]) [at, index] = [at + 1, index + 1];
    else if (star >= 0) {
      tried += 1;
      [at, index] = [star + 1, tried];
    } else return false;
  }
  while (pattern[at] === "*") at += 1;
  return at === pattern.length;
}
