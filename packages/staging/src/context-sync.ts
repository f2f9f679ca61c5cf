import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { BuildContext, ContextTree } from "@otto/context";
import type { SyncEntry, SyncRequest, SyncSource } from "@otto/engine";
import { type ContextEntry, type Digest, encodePath } from "@otto/hashing";
import { selectFollowed } from "./followed-paths.js";

const directoryMode = 0x80000000 + 0o755;
const symlinkMode = 0x08000000 + 0o777;

/**
 * Serves a context to BuildKit. The engine takes a file for unchanged when its size, mode and mtime are; so the mtime is
 * made from the content: other content has another mtime, and the same content has the same one in every checkout.
 */
export function serveContext(context: BuildContext): SyncSource {
  return (request) => {
    if (request.directory === "dockerfile") return dockerfileEntries(context);
    if (request.directory === "context") return contextEntries(context, request);
    const named = context.namedContexts.find(({ name }) => request.directory === servedDirectory(name));
    return named?.kind === "local" ? contextEntries(named, request) : undefined;
  };
}

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
function dockerfileEntries(context: BuildContext): SyncEntry[] {
  const name = servedDockerfileName(context);
  const { ignoreFile } = context;
  const own = ignoreFile !== undefined && lastPart(ignoreFile.path) === `${name}.dockerignore`;
  return [
    contentEntry(name, context.dockerfile.content),
    ...(own ? [contentEntry(`${name}.dockerignore`, ignoreFile.content)] : []),
  ];
}

function contextEntries(context: ContextTree, request: SyncRequest): SyncEntry[] {
  if (asksForIgnoreFile(request)) {
    const { ignoreFile } = context;
    return ignoreFile?.contextPath === ignoreName ? [contentEntry(ignoreName, ignoreFile.content)] : [];
  }
  const wanted = selectFollowed(context.entries, [...request.followPaths, ...request.includePatterns]);
  return wanted.map((entry) => toSyncEntry(context, entry));
}

const ignoreName = ".dockerignore";

/** The frontend reads the ignore file by itself, before it asks for the context with the rules. */
function asksForIgnoreFile({ followPaths, excludePatterns }: SyncRequest): boolean {
  return followPaths.length === 1 && followPaths[0] === ignoreName && excludePatterns.length === 0;
}

function toSyncEntry(tree: ContextTree, entry: ContextEntry): SyncEntry {
  const path = encodePath(entry.path);
  if (entry.kind === "dir") return { stat: { path, mode: directoryMode, sizeBytes: 0, mtimeNs: dayStartNs } };
  if (entry.kind === "symlink") {
    const linkname = encodePath(entry.target);
    return { stat: { path, mode: symlinkMode, sizeBytes: 0, mtimeNs: contentTime(digestOf(linkname)), linkname } };
  }
  const mode = entry.executable ? 0o755 : 0o644;
  const stat = { path, mode, sizeBytes: entry.size, mtimeNs: contentTime(entry.digest) };
  return { stat, open: () => tree.openFile(entry) };
}

function contentEntry(name: string, content: Buffer): SyncEntry {
  const stat = {
    path: encodePath(name),
    mode: 0o644,
    sizeBytes: content.length,
    mtimeNs: contentTime(digestOf(content)),
  };
  return { stat, open: () => Readable.from([content], { objectMode: false }) };
}

// All within one day, so that what a person sees in the image is a plain date.
const dayStartNs = BigInt(Date.UTC(2000, 0, 1)) * 1_000_000n;
const dayNs = 86_400n * 1_000_000_000n;

function contentTime(digest: Digest): bigint {
  return dayStartNs + (BigInt(`0x${digest.slice(0, 16)}`) % dayNs);
}

function digestOf(bytes: Uint8Array): Digest {
  return createHash("sha256").update(bytes).digest("hex");
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
