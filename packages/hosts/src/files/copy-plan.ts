import { posix } from "node:path";
import { conflict, notDirectory, notFound, sameName, specialFile } from "./copy-errors.js";
import type { FileKind, FoundFile } from "./file-entry.js";

/** A source as it was named. */
export interface NamedSource {
  readonly path: string;
  /** Under which it goes into a directory; "" for what is in the directory, as in `dir/.`. */
  readonly name: string;
  /** Whether a link is followed, as in `link/`. */
  readonly follow: boolean;
}

/** A source that is there. */
export interface FoundSource extends NamedSource {
  readonly kind: FileKind;
}

export interface NamedDestination {
  readonly path: string;
  /** Whether it was named as a directory, as in `dir/`. */
  readonly isDirectory: boolean;
}

/** What goes where. */
export interface CopyPlan {
  /** All goes in here; it is made when it is missing. */
  readonly directory: string;
  readonly steps: readonly CopyStep[];
}

export interface CopyStep {
  readonly source: string;
  readonly kind: FileKind;
  /** In the directory; "": what is in the source goes there. */
  readonly name: string;
}

/** Reads the sources as `cp` does. @throws OttoError `FILES_SAME_NAME`; TypeError when there are none */
export function parseSources(sources: readonly string[]): readonly NamedSource[] {
  if (sources.length === 0) throw new TypeError("a copy needs at least one source");
  const named = sources.map(parseSource);
  const seen = new Map<string, string>();
  for (const { name, path } of named) {
    const other = seen.get(name);
    if (other !== undefined) throw sameName(name, other, path);
    seen.set(name, path);
  }
  return named;
}

export function parseDestination(path: string): NamedDestination {
  assertPath(path);
  // What is missing is made under its name, which `new/.` does not end in.
  return { path: path.replace(/(?<=.)(\/\.?)+$/, ""), isDirectory: /(^|\/)\.{0,2}$/.test(path) };
}

/**
 * Decides what goes where, as `cp -r` does, but for a directory that is missing, which is made.
 * @param found what stands at the destination, links followed: "none" with another path where a link leads to a name that
 * is free, "symlink" where one leads nowhere
 * @param inside what stands there in the destination under each source's name
 * @throws OttoError `FILES_NOT_FOUND`, `FILES_SPECIAL`, `FILES_CONFLICT`
 */
export function planCopy(
  sources: readonly FoundSource[],
  destination: NamedDestination,
  { found, inside }: { readonly found: FoundFile; readonly inside: readonly FileKind[] },
): CopyPlan {
  for (const source of sources) assertSource(source);
  const steps = sources.map(({ path, kind, name }) => ({ source: path, kind, name }));
  if (found.kind === "directory") {
    for (const [index, step] of steps.entries()) assertReplaceable(step, inside[index] ?? "none", found.path);
    return { directory: found.path, steps };
  }
  const [only] = steps;
  const isOwnName = steps.length === 1 && only !== undefined && only.name !== "";
  if (found.kind === "symlink") throw conflict(`${destination.path} is a link that leads nowhere`);
  if (found.kind === "none" && found.path !== destination.path) {
    // As docker cp and scp: a file is made where the link leads, nothing else is.
    const isFile = isOwnName && only.kind === "file" && !destination.isDirectory;
    if (!isFile) throw conflict(`${destination.path} is a link to ${found.path}, which is not there`);
    return renamed(only, found.path);
  }
  if (found.kind !== "none") {
    if (!isOwnName || destination.isDirectory) throw notDirectory(destination.path);
    assertReplaceable(only, found.kind, found.path);
    return renamed(only, found.path);
  }
  // `cp -r dir new/` makes `new` the copy, as without the slash.
  if (isOwnName && (!destination.isDirectory || only.kind === "directory")) return renamed(only, destination.path);
  return { directory: destination.path, steps };
}

function renamed(step: CopyStep, path: string): CopyPlan {
  return { directory: posix.dirname(path), steps: [{ ...step, name: posix.basename(path) }] };
}

function parseSource(path: string): NamedSource {
  assertPath(path);
  const base = posix.basename(path);
  const isContents = base === "" || base === "." || base === "..";
  return {
    path: withoutSlashes(path),
    name: isContents ? "" : base,
    follow: isContents || path.endsWith("/"),
  };
}

function withoutSlashes(path: string): string {
  return path.replace(/(?<=.)\/+$/, "");
}

function assertPath(path: string): void {
  if (path === "") throw new TypeError("a path must not be empty");
  if (path.includes("\0")) throw new TypeError("a path must not hold NUL");
}

function assertSource({ path, kind, name }: FoundSource): void {
  if (kind === "none") throw notFound(path);
  if (kind === "other") throw specialFile(path);
  if (name === "" && kind !== "directory") throw notDirectory(path);
}

function assertReplaceable(step: CopyStep, target: FileKind, where: string): void {
  if (target === "none" || step.name === "") return;
  if (target === "other") throw conflict(`${where} holds a device, socket or FIFO named ${step.name}`);
  const isDirectory = step.kind === "directory";
  if (isDirectory && target !== "directory") {
    throw conflict(`the directory ${step.source} cannot replace the file ${step.name} of ${where}`);
  }
  if (!isDirectory && target === "directory") {
    throw conflict(`the file ${step.source} cannot replace the directory ${step.name} of ${where}`);
  }
}
