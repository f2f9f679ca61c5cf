import { createHash } from "node:crypto";
import { lstatSync } from "node:fs";
import type { BuildContext, ContextTree } from "@otto/context";
import type { Stat, SyncDirectory, SyncRequest, SyncSource } from "@otto/engine";
import { OttoError } from "@otto/errors";
import { type ContextEntry, type Digest, encodePath } from "@otto/hashing";
import { findUnsendable, selectFollowed } from "./followed-paths.js";

const directoryMode = 0x80000000 + 0o755;
const symlinkMode = 0x08000000 + 0o777;

/**
 * Serves a context to BuildKit. The engine takes a file for unchanged when its size, mode and mtime are; so the mtime is
 * made from the content: other content has another mtime, and the same content has the same one in every checkout.
 */
export function serveContext(context: BuildContext, options: ServeContextOptions = {}): SyncSource {
  const timeOf = options.mtime === "preserve" ? fileTime : contentTime;
  return (request) => {
    if (request.directory === "dockerfile") return dockerfileEntries(context);
    if (request.directory === "context") return contextEntries(context, { request, timeOf });
    const named = context.namedContexts.find(({ name }) => request.directory === servedDirectory(name));
    return named?.kind === "local" ? contextEntries(named, { request, timeOf }) : undefined;
  };
}

export interface ServeContextOptions {
  /**
   * What mtimes the image's files have. `content` (the default): made from their content. `preserve`: those of the files
   * here; then an edit that keeps size and mtime goes unseen, and another checkout sends everything.
   */
  readonly mtime?: "content" | "preserve" | undefined;
}

type TimeOf = (tree: ContextTree, entry: ContextEntry) => bigint;

/** The Dockerfile's name in the directory that {@link serveContext} serves it from. */
export function servedDockerfileName({ dockerfile }: BuildContext): string {
  return lastPart(dockerfile.path);
}

/** How the engine finds each named context: as a directory that {@link serveContext} serves, or by its reference. */
export function servedNamedContexts({ namedContexts }: BuildContext): Record<string, string> {
  return Object.fromEntries(
    namedContexts.map((context) => {
      const place = context.kind === "local" ? `local:${servedDirectory(context.name)}` : context.reference;
      return [normalName(context.name), place];
    }),
  );
}

// No name may be taken for the build's own two directories.
const servedDirectory = (name: string) => `named-${name}`;

/** A name may stand for an image's, and the frontend looks it up in that one's shortest form. */
function normalName(name: string): string {
  return name.replace(/^docker\.io\/(library\/)?/, "").replace(/:latest$/, "");
}

/** The Dockerfile and, under the one name that goes before all others, the rules that were applied. */
function dockerfileEntries(context: BuildContext): SyncDirectory {
  const name = servedDockerfileName(context);
  const { ignoreFile } = context;
  const ignoreName = `${name}.dockerignore`;
  const own = ignoreFile !== undefined && lastPart(ignoreFile.path) === ignoreName;
  return contentFiles({ [name]: context.dockerfile.content, ...(own && { [ignoreName]: ignoreFile.content }) });
}

function contextEntries(
  context: ContextTree,
  { request, timeOf }: { request: SyncRequest; timeOf: TimeOf },
): SyncDirectory {
  if (asksForIgnoreFile(request)) {
    const { ignoreFile } = context;
    return contentFiles(ignoreFile?.contextPath === ignoreName ? { [ignoreName]: ignoreFile.content } : {});
  }
  const paths = [...request.followPaths, ...request.includePatterns];
  refuseBeyondReach(context, paths);
  const refused = findUnsendable(context, paths);
  if (refused !== undefined) throw refused.error;
  const wanted = selectFollowed(context.entries, paths);
  const sources = findLinkSources(wanted);
  return {
    length: wanted.length,
    stat: (place) => {
      const entry = itemAt(wanted, place);
      return withLink(
        statOf(entry, (one) => timeOf(context, one)),
        sources.get(entry),
      );
    },
    read: (place) => {
      const entry = itemAt(wanted, place);
      return entry.kind === "file" ? context.readFile(entry) : undefined;
    },
  };
}

/** What is not in the hash must not get into the image. */
function refuseBeyondReach({ reach }: ContextTree, paths: readonly string[]): void {
  if (reach.kind === "whole") return;
  const beyond = paths.find((path) => !reach.paths.includes(path));
  if (beyond === undefined && paths.length > 0) return;
  const what = beyond === undefined ? "all of its context" : JSON.stringify(beyond);
  throw new OttoError("CONTEXT_REACH_EXCEEDED", `the engine asks for ${what}, which the Dockerfile does not name`, {
    hint: "An image that it begins with has ONBUILD instructions: build it with @otto/build, which then hashes the whole context.",
    details: { path: beyond ?? "" },
  });
}

const ignoreName = ".dockerignore";

/** The frontend reads the ignore file by itself, before it asks for the context with the rules. */
function asksForIgnoreFile({ followPaths, excludePatterns }: SyncRequest): boolean {
  return followPaths.length === 1 && followPaths[0] === ignoreName && excludePatterns.length === 0;
}

/** Of files with several names, the one that is sent: the first that is wanted. */
function findLinkSources(wanted: readonly ContextEntry[]): ReadonlyMap<ContextEntry, string> {
  const sources = new Map<ContextEntry, string>();
  const sent = new Map<string, string>();
  const named = new Set(wanted.flatMap((entry) => (entry.kind === "file" ? (entry.sameAs ?? []) : [])));
  if (named.size === 0) return sources;
  for (const entry of wanted) {
    if (entry.kind !== "file" || (entry.sameAs === undefined && !named.has(entry.path))) continue;
    const first = entry.sameAs ?? entry.path;
    const source = sent.get(first);
    if (source === undefined) sent.set(first, entry.path);
    else sources.set(entry, source);
  }
  return sources;
}

/** As fsutil describes a hard link: a file of no size, with a target. */
function withLink(stat: Stat, source: string | undefined): Stat {
  return source === undefined ? stat : { ...stat, sizeBytes: 0, linkname: encodePath(source) };
}

function statOf(entry: ContextEntry, timeOf: (entry: ContextEntry) => bigint): Stat {
  const common = { path: encodePath(entry.path), mtimeNs: timeOf(entry) };
  switch (entry.kind) {
    case "directory":
      return { ...common, mode: directoryMode, sizeBytes: 0 };
    case "symlink":
      return { ...common, mode: symlinkMode, sizeBytes: 0, linkname: encodePath(entry.target) };
    case "file":
      return { ...common, mode: entry.executable ? 0o755 : 0o644, sizeBytes: entry.size };
  }
}

/** Files by their names, which are in order. */
function contentFiles(contents: Readonly<Record<string, Buffer>>): SyncDirectory {
  const files = Object.entries(contents);
  return {
    length: files.length,
    stat: (place) => {
      const [name, content] = itemAt(files, place);
      const mtimeNs = digestTime(digestOf(content));
      return { path: encodePath(name), mode: 0o644, sizeBytes: content.length, mtimeNs };
    },
    read: (place) => [itemAt(files, place)[1]],
  };
}

function itemAt<T>(items: readonly T[], place: number): T {
  const item = items[place];
  if (item === undefined) throw new RangeError(`There is no entry ${place}.`);
  return item;
}

// All within one day, so that what a person sees in the image is a plain date.
const dayStartNs = BigInt(Date.UTC(2000, 0, 1)) * 1_000_000n;
const dayNs = 86_400n * 1_000_000_000n;

function contentTime(_tree: ContextTree, entry: ContextEntry): bigint {
  if (entry.kind === "directory") return dayStartNs;
  return digestTime(entry.kind === "file" ? entry.digest : digestOf(encodePath(entry.target)));
}

function fileTime({ root }: ContextTree, entry: ContextEntry): bigint {
  return lstatSync(encodePath(`${root}/${entry.path}`), { bigint: true }).mtimeNs;
}

function digestTime(digest: Digest): bigint {
  return dayStartNs + (BigInt(`0x${digest.slice(0, 16)}`) % dayNs);
}

function digestOf(bytes: Uint8Array): Digest {
  return createHash("sha256").update(bytes).digest("hex");
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
