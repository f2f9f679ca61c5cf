import { lstatSync, readlinkSync } from "node:fs";
import { type IgnoreMatcher, isIgnoredOnWalk, matchesGlob } from "@otto/dockerignore";
import { decodePath } from "@otto/hashing";
import type { ContextReach } from "./context-reach.js";
import { type NamedEntry, readNames } from "./directory-names.js";
import { errnoOf, isForbidden, isMissing, unreadable } from "./fs-error.js";
import { entryFsPath } from "./fs-path.js";

/** Which part of a directory is in a reach: all that is in it, or names with a part of each. */
export type Part = "all" | ReadonlyMap<string, Part>;

const mostLinks = 255;

/**
 * Finds what is in a reach, opening only the directories that a wildcard stands in.
 *
 * Paths are followed as BuildKit follows them: links up to the first wildcard and at the end, inside of the context; a
 * wildcard goes through no link.
 *
 * @see https://github.com/tonistiigi/fsutil copy.ResolveWildcards
 * @throws CONTEXT_UNREADABLE
 */
export function locateReach(root: string, reach: ContextReach, matcher: IgnoreMatcher): Part {
  if (reach.kind === "whole") return "all";
  const found: Found = { root, matcher, part: { all: false, names: new Map() } };
  for (const path of reach.paths) followPattern(found, path.split("/"));
  return toPart(found.part);
}

interface Found {
  readonly root: string;
  readonly matcher: IgnoreMatcher;
  readonly part: OpenPart;
}

interface OpenPart {
  all: boolean;
  readonly names: Map<string, OpenPart>;
}

function toPart({ all, names }: OpenPart): Part {
  if (all) return "all";
  return new Map([...names].map(([name, part]) => [name, toPart(part)]));
}

function add({ part }: Found, path: readonly string[]): void {
  let at = part;
  for (const name of path) {
    if (at.all) return;
    const next = at.names.get(name) ?? { all: false, names: new Map() };
    at.names.set(name, next);
    at = next;
  }
  at.all = true;
}

const isWild = (part: string) => /[*?[\\]/.test(part);
/** Wildcards that match within a name alone; a range may match a slash. */
const isPlain = (part: string) => !/[[\]\\]/.test(part);

function followPattern(found: Found, pattern: readonly string[]): void {
  const first = pattern.findIndex(isWild);
  if (first === -1) {
    addTarget(found, pattern);
    return;
  }
  const directory = followLinks(found, pattern.slice(0, first));
  if (directory === undefined) return;
  const parts = pattern.slice(first);
  // `COPY --parents` lets it stand for any number of directories.
  if (parts.includes("**")) add(found, directory);
  else matchNames(found, { directory, parts, below: [] });
}

function addTarget(found: Found, path: readonly string[]): void {
  const target = followLinks(found, path);
  if (target !== undefined) add(found, target);
}

/** Adds the links on the way; returns where they lead. */
function followLinks(found: Found, path: readonly string[]): readonly string[] | undefined {
  let todo = [...path];
  let done: string[] = [];
  for (let links = 0; todo.length > 0; ) {
    const part = todo.shift() ?? "";
    if (part === "" || part === ".") continue;
    if (part === "..") {
      done.pop();
      continue;
    }
    done.push(part);
    const kind = kindAt(found, done);
    if (kind === "closed") return done.slice(0, -1);
    if (kind === undefined || (kind === "other" && todo.length > 0)) return undefined;
    if (kind !== "link") continue;
    // A link that is left out leads nowhere.
    if (++links > mostLinks || isIgnoredOnWalk(found.matcher, done.join("/"))) return undefined;
    add(found, done);
    const target = readTarget(found, done);
    done = target.startsWith("/") ? [] : done.slice(0, -1);
    todo = [...target.split("/"), ...todo];
  }
  return done;
}

interface Match {
  /** Where the pattern begins. */
  readonly directory: readonly string[];
  /** The pattern, from its first wildcard. */
  readonly parts: readonly string[];
  /** The names on the way from there. */
  readonly below: readonly string[];
}

function matchNames(found: Found, match: Match): void {
  const { directory, parts } = match;
  const pattern = parts.join("/");
  const path = [...directory, ...match.below];
  for (const entry of listNames(found, path)) {
    const below = [...match.below, entry.name];
    if (matchesGlob(pattern, below.join("/"))) addTarget(found, [...path, entry.name]);
    else if (entry.isDirectory() && mayMatchBelow(parts, below)) matchNames(found, { directory, parts, below });
  }
}

function mayMatchBelow(parts: readonly string[], below: readonly string[]): boolean {
  if (!parts.every(isPlain)) return below.length < parts.length + parts.join("").split("[").length - 1;
  return below.length < parts.length && below.every((name, index) => matchesGlob(parts[index] ?? "", name));
}

function listNames(found: Found, directory: readonly string[]): readonly NamedEntry[] {
  try {
    return readNames(entryFsPath(found.root, directory.join("/")));
  } catch (error) {
    if (isMissing(error)) return [];
    if (!isForbidden(error)) throw unreadable(directory.join("/"), error);
    // Its reader says so.
    add(found, directory);
    return [];
  }
}

/** `closed`: the directory that it lies in cannot be entered; its reader says so. */
function kindAt({ root }: Found, path: readonly string[]): "directory" | "link" | "other" | "closed" | undefined {
  try {
    const stats = lstatSync(entryFsPath(root, path.join("/")));
    if (stats.isSymbolicLink()) return "link";
    return stats.isDirectory() ? "directory" : "other";
  } catch (error) {
    if (isMissing(error) || errnoOf(error) === "ENAMETOOLONG") return undefined;
    if (isForbidden(error)) return "closed";
    throw unreadable(path.join("/"), error);
  }
}

function readTarget({ root }: Found, path: readonly string[]): string {
  try {
    return decodePath(readlinkSync(entryFsPath(root, path.join("/")), { encoding: "buffer" }));
  } catch (error) {
    throw unreadable(path.join("/"), error);
  }
}
