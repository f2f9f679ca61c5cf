import { posix } from "node:path";
import type { ContainerPath, Engine } from "@otto/engine";
import { isOttoError, type OttoError } from "@otto/errors";
import { unpackEntries } from "./archive-reader.js";
import { packEntries } from "./archive-writer.js";
import type { ContainerView } from "./container-view.js";
import { copyFailed } from "./copy-errors.js";
import type { FileEntry, FoundFile } from "./file-entry.js";
import type { LookOptions, SendOptions } from "./host-files.js";
import { isStageName, withoutStage } from "./local-stage.js";

/** A container whose files the engine reads and writes. */
export interface Container {
  readonly engine: Engine;
  readonly view: ContainerView;
  /** The host's id, for messages. */
  readonly name: string;
}

/** What is at each path, in their order. */
export function lookByEngine(
  container: Container,
  paths: readonly string[],
  options: LookOptions,
): Promise<FoundFile[]> {
  return Promise.all(paths.map((path) => lookAt(container, path, options)));
}

async function lookAt(container: Container, path: string, { follow, signal }: LookOptions): Promise<FoundFile> {
  const stat = (at: string) => container.engine.statPath(pathIn(container, at), signal);
  const found = await stat(path);
  if (found === undefined) return { kind: "none", path };
  if (found.kind !== "symlink" || !follow) return { kind: found.kind, path, sizeBytes: found.sizeBytes };
  const end = await stat(found.linkTarget);
  if (end !== undefined) return { kind: end.kind, path: found.linkTarget, sizeBytes: end.sizeBytes };
  const leadsToDirectory = (await stat(posix.dirname(found.linkTarget)))?.kind === "directory";
  return leadsToDirectory ? { kind: "none", path: found.linkTarget } : { kind: "symlink", path };
}

/** Where a path leads through the links on its way; its last name is kept unless `follow` is set. */
export async function resolvePath(
  container: Container,
  path: string,
  { follow, signal }: LookOptions,
): Promise<string> {
  const names = path.split("/").filter((name) => name !== "");
  let real = "/";
  for (const [index, name] of names.entries()) {
    real = posix.join(real, name);
    if (!follow && index === names.length - 1) break;
    const found = await container.engine.statPath(pathIn(container, real), signal);
    if (found?.kind === "symlink") real = found.linkTarget;
  }
  return real;
}

function pathIn({ view, name }: Container, path: string): ContainerPath {
  return { container: view.id, path, containerName: name };
}

/** The entries of a path. */
export async function* sendByEngine(
  container: Container,
  path: string,
  { kind, signal }: SendOptions,
): AsyncGenerator<FileEntry> {
  const isDirectory = kind === "directory";
  const tar = await container.engine.readArchive(pathIn(container, isDirectory ? `${path}/.` : path), signal);
  yield* unpackEntries(tar, { from: container.name, name: isDirectory ? undefined : posix.basename(path) });
}

/** Unpacks entries where they belong, one after the other; the directory is made. */
export async function receiveByEngine(
  container: Container,
  directory: string,
  entries: AsyncIterable<FileEntry>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { engine, name } = container;
  const { base, missing } = await findBase(container, directory, signal);
  let sourceError: Error | undefined;
  const noteError = (error: unknown) => {
    sourceError = error as Error;
  };
  const tar = packEntries(withDirectories(missing, notingError(entries, noteError)));
  try {
    await engine.writeArchive(pathIn(container, base), tar, signal);
  } catch (error) {
    // The request that it cut off may be reported first.
    if (sourceError !== undefined) throw sourceError;
    if (!isOttoError(error, "ENGINE_REQUEST_FAILED")) throw error;
    throw copyFailed(`writing to ${withoutStage(directory) || "/"} on ${name}`, withoutStage(reasonOf(error)), error);
  }
}

function reasonOf({ details, message }: OttoError): string {
  return typeof details?.reason === "string" ? details.reason : message;
}

async function* notingError(
  entries: AsyncIterable<FileEntry>,
  noteError: (error: unknown) => void,
): AsyncGenerator<FileEntry> {
  try {
    yield* entries;
  } catch (error) {
    noteError(error);
    throw error;
  }
}

/** The nearest directory that is there: the engine makes none but those that are in the archive. */
async function findBase(container: Container, directory: string, signal: AbortSignal | undefined) {
  const missing: string[] = [];
  let base = directory;
  while (base !== "/" && (await lookAt(container, base, { follow: true, signal })).kind === "none") {
    missing.unshift(posix.basename(base));
    base = posix.dirname(base);
  }
  return { base, missing };
}

async function* withDirectories(
  names: readonly string[],
  entries: AsyncIterable<FileEntry>,
): AsyncGenerator<FileEntry> {
  const mtime = Math.floor(Date.now() / 1000);
  for (const [index, name] of names.entries()) {
    const mode = isStageName(name) ? 0o700 : 0o755;
    yield { kind: "directory", path: names.slice(0, index + 1).join("/"), mode, mtime };
  }
  const prefix = names.length === 0 ? "" : `${names.join("/")}/`;
  for await (const entry of entries) {
    if (entry.kind === "hardlink") yield { ...entry, path: prefix + entry.path, target: prefix + entry.target };
    else yield { ...entry, path: prefix + entry.path };
  }
}
