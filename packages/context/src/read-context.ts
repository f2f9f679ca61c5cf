import { createHash } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { isAbsolute } from "node:path";
import { describeFileError, OttoError, readBoundedFileSync } from "@otto/errors";
import { type ContextEntry, computeContextHash, type FileEntry, printablePath } from "@otto/hashing";
import type { BuildContext, ContextDockerfile, ContextTree, NamedContext } from "./build-context.js";
import { type BuildReach, type ContextReach, wholeReach } from "./context-reach.js";
import type { ContextSource, ReadContextOptions } from "./context-source.js";
import { openVerified, readVerified } from "./file-stream.js";
import { type FileTable, fileKeyOf, stateOf } from "./file-table.js";
import { errnoOf, isMissing } from "./fs-error.js";
import { pathBelow, realPath, toFsPath } from "./fs-path.js";
import { readIgnoreFile } from "./ignore-rules.js";
import { createPacer } from "./pacer.js";
import { createSecondThread } from "./second-thread.js";
import { readStatCache } from "./stat-cache.js";
import { fileEntry, readTreeFiles, type TreeReading } from "./tree-files.js";
import { type WalkedEntry, walkTree } from "./tree-walk.js";

/**
 * Walks a build context once: what the builder will see, and the hash of it. Concurrent calls are safe.
 *
 * @throws CONTEXT_NOT_FOUND when the context is missing or no directory
 * @throws CONTEXT_DOCKERFILE_NOT_FOUND when the Dockerfile is missing or no file
 * @throws CONTEXT_UNREADABLE when the context or its ignore file cannot be read
 * @throws CONTEXT_FILE_CHANGED, IGNORE_FILE_INVALID, IGNORE_PATTERN_INVALID
 */
export async function readContext(source: ContextSource, options: ReadContextOptions = {}): Promise<BuildContext> {
  const reading: TreeReading = { pacer: createPacer(options.signal), cacheDir: options.cacheDir || undefined };
  const root = resolveRoot(source.context);
  const dockerfile = readDockerfile(root, source.dockerfile);
  const reach = options.findReach?.(dockerfile.content.toString()) ?? wholeReach();
  const cacheKey = [dockerfile.path, source.target ?? ""].join("//");
  const tree = await readContextTree(root, reading, { dockerfile: dockerfile.path, reach: reach.context, cacheKey });
  const namedContexts = await readNamedContexts(source, { reading, reach, cacheKey });
  const { contextPath } = dockerfile;
  const ignored = contextPath !== undefined && !tree.entries.some(({ path }) => path === contextPath);
  const hash = computeContextHash({
    dockerfile,
    entries: tree.entries,
    buildArgs: source.buildArgs,
    target: source.target,
    platform: source.platform,
    namedContexts,
    secretIds: source.secrets?.map(({ id }) => id),
    sshIds: source.ssh?.map(({ id }) => id),
    labels: source.labels,
    network: source.network,
    addHosts: source.addHosts,
    shmSize: source.shmSize,
    mtime: source.mtime,
  });
  return { ...tree, dockerfile: { ...dockerfile, ignored }, namedContexts, hash };
}

/**
 * The hash of {@link readContext}.
 *
 * @throws what {@link readContext} throws
 */
export async function contextHash(source: ContextSource, options: ReadContextOptions = {}): Promise<string> {
  return (await readContext(source, options)).hash;
}

async function readNamedContexts(
  { additionalContexts = {} }: ContextSource,
  {
    reading,
    reach,
    cacheKey,
  }: { readonly reading: TreeReading; readonly reach: BuildReach; readonly cacheKey: string },
): Promise<NamedContext[]> {
  const named: NamedContext[] = [];
  for (const [name, place] of Object.entries(additionalContexts)) {
    if (!isAbsolute(place)) {
      named.push({ kind: "reference", name, reference: place });
      continue;
    }
    const use = { reach: reach.named(name), cacheKey: `${cacheKey}//${name}` };
    const tree = await readContextTree(resolveRoot(place, name), reading, use);
    named.push({ kind: "local", name, ...tree });
  }
  return named;
}

interface ContextUse {
  readonly dockerfile?: string | undefined;
  readonly reach: ContextReach;
  /** Of a build: what it reads of a context is remembered by itself, unless it is everything. */
  readonly cacheKey: string;
}

async function readContextTree(
  root: string,
  reading: TreeReading,
  { dockerfile, reach, cacheKey: use }: ContextUse,
): Promise<ContextTree> {
  const ignoreFile = readIgnoreFile(root, dockerfile);
  const cacheKey = reach.kind === "whole" ? root : `${root}//${use}`;
  const cache = reading.cacheDir === undefined ? undefined : readStatCache(reading.cacheDir, cacheKey);
  await using second = createSecondThread();
  const walked = await walkTree(root, ignoreFile?.patterns ?? [], {
    pacer: reading.pacer,
    onEntries: (count) => cache ?? second.expect(count),
    reach,
  });
  const paths = walked.entries.filter((entry) => typeof entry === "string");
  const read = await readTreeFiles(root, paths, { ...reading, cacheKey, cache, second });
  await reading.pacer.pause();
  const entries = joinEntries(walked.entries, read.table);
  const unsendable = [...walked.unsendable, ...read.unsendable];
  await reading.pacer.pause();
  const openFile = (entry: FileEntry) => openVerified(root, entry);
  return { root, reach, entries, unsendable, ignoreFile, openFile, readFile: (entry) => readVerified(root, entry) };
}

/** A file that vanished after the walk was not there. */
function joinEntries(walked: readonly WalkedEntry[], files: FileTable): ContextEntry[] {
  const entries: ContextEntry[] = [];
  const firsts = new Map<string, FileEntry>();
  let index = -1;
  for (const entry of walked) {
    if (typeof entry !== "string") entries.push(entry);
    else if (stateOf(files, ++index) === "done")
      entries.push(withFirst(fileEntry(entry, files, index), fileKeyOf(files, index), firsts));
  }
  return entries;
}

/** A file that changed between its names' readings is not the same. */
function withFirst(entry: FileEntry, key: string | undefined, firsts: Map<string, FileEntry>): FileEntry {
  if (key === undefined) return entry;
  const first = firsts.get(key);
  if (first === undefined) firsts.set(key, entry);
  return first?.digest === entry.digest ? { ...entry, sameAs: first.path } : entry;
}

/** @param name of one of `additional_contexts` */
function resolveRoot(context: string, name?: string): string {
  if (!isAbsolute(context)) throw new TypeError(`The context is not an absolute path: ${JSON.stringify(context)}`);
  try {
    const root = realPath(context);
    if (statSync(toFsPath(root)).isDirectory()) return root;
  } catch (error) {
    throw contextNotFound(
      { context, name },
      isMissing(error) ? "it does not exist" : (errnoOf(error) ?? "failed"),
      error,
    );
  }
  throw contextNotFound({ context, name }, "it is not a directory");
}

function readDockerfile(root: string, dockerfile: string): Omit<ContextDockerfile, "ignored"> {
  if (!isAbsolute(dockerfile)) throw new TypeError(`The Dockerfile is not an absolute path: ${dockerfile}`);
  try {
    const slash = dockerfile.lastIndexOf("/");
    const directory = realPath(dockerfile.slice(0, slash) || "/");
    const path = findDockerfile(directory === "/" ? "" : directory, dockerfile.slice(slash + 1));
    const content = readBoundedFileSync(toFsPath(path));
    const digest = createHash("sha256").update(content).digest("hex");
    return { path, contextPath: pathBelow(root, path), content, digest };
  } catch (error) {
    throw dockerfileNotFound(dockerfile, error);
  }
}

/** Docker takes `dockerfile` where there is no `Dockerfile`. */
function findDockerfile(directory: string, name: string): string {
  const path = `${directory}/${name}`;
  if (name !== "Dockerfile" || existsSync(toFsPath(path))) return path;
  const lower = `${directory}/dockerfile`;
  return existsSync(toFsPath(lower)) ? lower : path;
}

function contextNotFound(
  { context, name }: { readonly context: string; readonly name: string | undefined },
  reason: string,
  cause?: unknown,
): OttoError {
  const shown = printablePath(context);
  const what = name === undefined ? "the build context" : `the additional build context ${name},`;
  return new OttoError("CONTEXT_NOT_FOUND", `${what} ${JSON.stringify(shown)}: ${reason}`, {
    hint: `Correct \`${name === undefined ? "context" : `additional_contexts.${name}`}\` in the image's settings.`,
    details: { path: shown },
    cause,
  });
}

function dockerfileNotFound(dockerfile: string, cause: unknown): OttoError {
  const shown = printablePath(dockerfile);
  const reason = isMissing(cause) ? "it does not exist" : describeFileError(cause);
  return new OttoError("CONTEXT_DOCKERFILE_NOT_FOUND", `the Dockerfile ${JSON.stringify(shown)}: ${reason}`, {
    hint: "Correct `dockerfile` in the image's settings.",
    details: { path: shown },
    cause,
  });
}
