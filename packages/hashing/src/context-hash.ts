import { createHash, type Hash } from "node:crypto";
import type { ContextEntry, Digest } from "./context-entry.js";
import { comparePaths } from "./path-bytes.js";

/** Part of every hash: raised when the same inputs come to be written down another way, or others to count. */
export const contextHashSchema = 3;

/** Everything an image can depend on. */
export interface ContextHashInputs {
  readonly dockerfile: {
    readonly digest: Digest;
    /** Its place in the context; nothing when it lies outside. */
    readonly contextPath?: string | undefined;
  };
  /** What the build sees, in any order. */
  readonly entries: readonly ContextEntry[];
  readonly buildArgs?: Readonly<Record<string, string>> | undefined;
  readonly target?: string | undefined;
  readonly platform?: string | undefined;
  readonly namedContexts?: readonly NamedContextInput[] | undefined;
  /** Ids, never values. */
  readonly secretIds?: readonly string[] | undefined;
  readonly sshIds?: readonly string[] | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Of the build's steps: what they can write into the image. */
  readonly network?: string | undefined;
  readonly addHosts?: readonly string[] | undefined;
  readonly shmSize?: string | undefined;
  /** Where the times of files come from. Default `content`. */
  readonly mtime?: "content" | "preserve" | undefined;
}

/** A further context, from a directory or by reference (`docker-image://…`). */
export type NamedContextInput =
  | { readonly name: string; readonly entries: readonly ContextEntry[] }
  | { readonly name: string; readonly reference: string };

/**
 * The digest of all of an image's build inputs: 64 hex digits. Framed, so that no two different inputs read the same;
 * the order of entries, arguments, names and ids does not count.
 */
export function computeContextHash(inputs: ContextHashInputs): string {
  const hash = createHash("sha256");
  const { dockerfile, buildArgs = {}, namedContexts = [], secretIds = [], sshIds = [] } = inputs;
  write(hash, ["otto.context", String(contextHashSchema)]);
  write(hash, ["dockerfile", dockerfile.digest, ...optional(dockerfile.contextPath)]);
  write(hash, ["target", ...optional(inputs.target)]);
  write(hash, ["platform", ...optional(inputs.platform)]);
  write(hash, ["build-args", ...sortedPairs(buildArgs)]);
  write(hash, ["secrets", ...sortedSet(secretIds)]);
  write(hash, ["ssh", ...sortedSet(sshIds)]);
  write(hash, ["labels", ...sortedPairs(inputs.labels ?? {})]);
  write(hash, ["network", ...optional(inputs.network)]);
  write(hash, ["hosts", ...(inputs.addHosts ?? [])]);
  write(hash, ["shm-size", ...optional(inputs.shmSize)]);
  write(hash, ["mtime", inputs.mtime ?? "content"]);
  writeEntries(hash, inputs.entries);
  for (const context of namedContexts.toSorted((a, b) => compareText(a.name, b.name))) writeNamed(hash, context);
  return hash.digest("hex");
}

/**
 * Combines the context hash of an image with the hashes of its declared base images.
 * @param bases the name by which the image takes each, and its hash
 */
export function hashOnBases(contextHash: string, bases: readonly (readonly [name: string, hash: string])[]): string {
  if (bases.length === 0) return contextHash;
  const hash = createHash("sha256");
  write(hash, ["otto.bases", contextHash, ...sortedPairs(Object.fromEntries(bases))]);
  return hash.digest("hex");
}

function writeNamed(hash: Hash, context: NamedContextInput): void {
  if ("reference" in context) {
    write(hash, ["reference", context.name, context.reference]);
    return;
  }
  write(hash, ["context", context.name]);
  writeEntries(hash, context.entries);
}

function writeEntries(hash: Hash, entries: readonly ContextEntry[]): void {
  write(hash, ["entries", String(entries.length)]);
  let frames = "";
  for (const entry of inOrder(entries)) {
    frames += frame(entryFields(entry));
    if (frames.length < 64 * 1024) continue;
    hash.update(frames, "utf16le");
    frames = "";
  }
  hash.update(frames, "utf16le");
}

function entryFields(entry: ContextEntry): readonly string[] {
  if (entry.kind === "file") return [entry.executable ? "executable" : "file", entry.path, entry.digest];
  return entry.kind === "directory" ? ["dir", entry.path] : ["symlink", entry.path, entry.target];
}

function inOrder(entries: readonly ContextEntry[]): readonly ContextEntry[] {
  const sorted = entries.every((entry, index) => {
    const previous = entries[index - 1];
    return previous === undefined || comparePaths(previous.path, entry.path) < 0;
  });
  return sorted ? entries : entries.toSorted((a, b) => comparePaths(a.path, b.path));
}

// UTF-16 keeps apart every two strings there are; UTF-8 would write all lone surrogates, and so all file names with
// bytes that are not UTF-8, alike.
function write(hash: Hash, fields: readonly string[]): void {
  hash.update(frame(fields), "utf16le");
}

/** A record says how many fields it has, a field how long it is. */
function frame(fields: readonly string[]): string {
  let framed = `${fields.length};`;
  for (const field of fields) framed += `${field.length}:${field}`;
  return framed;
}

function optional(value: string | undefined): readonly string[] {
  return value === undefined ? [] : [value];
}

function sortedPairs(record: Readonly<Record<string, string>>): string[] {
  return Object.entries(record)
    .sort(([a], [b]) => compareText(a, b))
    .flat();
}

function sortedSet(values: readonly string[]): string[] {
  return [...new Set(values)].sort(compareText);
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
