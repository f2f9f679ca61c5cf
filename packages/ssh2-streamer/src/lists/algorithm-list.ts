import { matchesList, matchesPattern } from "./patterns.js";

/** The algorithms of one kind, the preferred ones first. */
export interface KnownAlgorithms {
  readonly defaults: readonly string[];
  /** All there are, those that are off by default too. */
  readonly supported: readonly string[];
}

/**
 * What a list of OpenSSH's configuration leaves of the algorithms that are known, in the order to ask for them in: `+` adds to the
 * defaults, `^` puts before them, `-` takes away, and without one of them the list stands for itself. Names that are not known are
 * passed over.
 *
 * @see ssh_config(5), Ciphers
 */
export function applyAlgorithmList(list: string, { defaults, supported }: KnownAlgorithms): string[] {
  const [, sign, names = ""] = /^([-+^]?)(.*)$/.exec(list) ?? [];
  const patterns = names.split(",");
  if (sign === "-") return defaults.filter((name) => !matchesList(patterns, name));
  const named = patterns.flatMap((pattern) => supported.filter((name) => matchesPattern(pattern, name)));
  const before = sign === "+" ? defaults : [];
  const after = sign === "^" ? defaults : [];
  return [...new Set([...before, ...named, ...after])];
}
