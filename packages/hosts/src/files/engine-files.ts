import { posix } from "node:path";
import type { Engine } from "@otto/engine";
import { isOttoError } from "@otto/errors";
import { unpackEntries } from "./archive-reader.js";
import { packEntries } from "./archive-writer.js";
import type { ContainerView } from "./container-view.js";
import { copyFailed } from "./copy-failure.js";
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

async function lookAt({ engine, view }: Container, path: string, { follow, signal }: LookOptions): Promise<FoundFile> {
  const stat = await engine.statPath({ container: view.id, path }, signal);
  if (stat === undefined) return { kind: "none", path };
  if (stat.kind !== "symlink" || !follow) return { kind: stat.kind, path, sizeBytes: stat.sizeBytes };
  const end = await engine.statPath({ container: view.id, path: stat.linkTarget }, signal);
  return { kind: end?.kind ?? "none", path: stat.linkTarget, sizeBytes: end?.sizeBytes };
}

/** The entries of a path. */
export async function* sendByEngine(
  { engine, view, name }: Container,
  path: string,
  { kind, signal }: SendOptions,
): AsyncGenerator<FileEntry> {
  const isDirectory = kind === "directory";
  const target = { container: view.id, path: isDirectory ? `${path}/.` : path };
  const tar = await engine.readArchive(target, signal);
  yield* unpackEntries(tar, { from: name, name: isDirectory ? undefined : posix.basename(path) });
}

/** Unpacks entries where they belong, one after the other; the directory is made. */
export async function receiveByEngine(
  container: Container,
  directory: string,
  entries: AsyncIterable<FileEntry>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { engine, view, name } = container;
  const { base, missing } = await findBase(container, directory, signal);
  const tar = packEntries(withDirectories(missing, entries));
  try {
    await engine.writeArchive({ container: view.id, path: base }, tar, signal);
  } catch (error) {
    if (!isOttoError(error, "ENGINE_REQUEST_FAILED")) throw error;
    throw copyFailed(`writing to ${withoutStage(directory)} on ${name}`, reasonOf(error), error);
  }
}

/** The engine says first what it was doing. */
function reasonOf({ message }: Error): string {
  return withoutStage(message.replace(/^.*?Error response from daemon: /, ""));
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
