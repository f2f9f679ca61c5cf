import type { ContextTree, UnsendableEntry } from "@otto/context";
import { matchesGlob } from "@otto/dockerignore";
import type { ContextEntry } from "@otto/hashing";

/**
 * The entries that a build reads: those at or below the paths that its frontend names, the directories above them, and
 * what symbolic links on the way lead to. A path with a wildcard stands for the directory that the wildcard begins in:
 * the engine matches again, so an entry too many costs a line and an entry too few a failed build.
 * @param paths as BuildKit's `followpaths`; none: everything
 */
export function selectFollowed(entries: readonly ContextEntry[], paths: readonly string[]): readonly ContextEntry[] {
  if (paths.length === 0) return entries;
  const roots = followLinks(entries, paths.map(literalPart));
  if (roots.has("")) return entries;
  return entries.filter(({ path }) => isAtOrBelow(path, roots) || isAbove(path, roots));
}

/**
 * The first entry that a build reads and cannot be given. Wildcards are matched here, as an entry too many would fail a
 * build that does without.
 */
export function findUnsendable(
  { entries, unsendable }: Pick<ContextTree, "entries" | "unsendable">,
  paths: readonly string[],
): UnsendableEntry | undefined {
  if (paths.length === 0 || unsendable.length === 0) return unsendable[0];
  const wild = paths.filter(isWild).map((pattern) => resolveParts(pattern.split("/")).split("/"));
  const isNamed = (path: string) => wild.some((parts) => matchesParts(parts, path));
  const links = entries.filter(({ kind, path }) => kind === "symlink" && isNamed(path)).map(({ path }) => path);
  const roots = followLinks(entries, [...paths.filter((path) => !isWild(path)).map(literalPart), ...links]);
  return unsendable.find(
    ({ path, kind }) =>
      roots.has("") || isAtOrBelow(path, roots) || (kind === "directory" && isAbove(path, roots)) || isNamed(path),
  );
}

const isWild = (path: string) => /[*?[\\]/.test(path);

/** Whether the pattern names the path, or one of the directories above it. */
function matchesParts(pattern: readonly string[], path: string): boolean {
  const parts = path.split("/");
  return pattern.length <= parts.length && pattern.every((part, index) => matchesGlob(part, parts[index] ?? ""));
}

function literalPart(pattern: string): string {
  const parts = pattern.split("/");
  const wild = parts.findIndex(isWild);
  return resolveParts(wild === -1 ? parts : parts.slice(0, wild));
}

/** Adds the targets of every link at, above or below a root, until there is nothing to add. */
function followLinks(entries: readonly ContextEntry[], paths: readonly string[]): ReadonlySet<string> {
  const links = entries.filter((entry) => entry.kind === "symlink");
  const roots = new Set(paths);
  for (let before = -1; before !== roots.size; ) {
    before = roots.size;
    for (const { path, target } of links) {
      if (isAtOrBelow(path, roots) || isAbove(path, roots)) addTarget(roots, path, target);
    }
  }
  return roots;
}

/** A root below the link is below its target as well; so is everything, which is simpler and never too little. */
function addTarget(roots: Set<string>, path: string, target: string): void {
  const base = target.startsWith("/") ? [] : path.split("/").slice(0, -1);
  roots.add(resolveParts([...base, ...target.split("/")]));
}

function resolveParts(parts: readonly string[]): string {
  const resolved: string[] = [];
  for (const part of parts) {
    if (part === "..") resolved.pop();
    else if (part !== "" && part !== ".") resolved.push(part);
  }
  return resolved.join("/");
}

function isAtOrBelow(path: string, roots: ReadonlySet<string>): boolean {
  for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1)) {
    if (roots.has(path.slice(0, end))) return true;
  }
  return false;
}

function isAbove(path: string, roots: ReadonlySet<string>): boolean {
  for (const root of roots) if (root.startsWith(`${path}/`)) return true;
  return false;
}
