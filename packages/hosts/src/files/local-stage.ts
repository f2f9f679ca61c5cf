import { randomBytes } from "node:crypto";
import { closeSync, constants, fchmodSync, futimesSync, openSync, writeFileSync } from "node:fs";
import { type FileHandle, link, lutimes, mkdir, open, symlink } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { conflict, copyFailure, refused } from "./copy-errors.js";
import type { FileEntry } from "./file-entry.js";
import { checkMerge, LocalDirectory, merge, OpenPath, removeAll } from "./local-directory.js";

type FileOf = Extract<FileEntry, { kind: "file" }>;
type DirectoryOf = Extract<FileEntry, { kind: "directory" }>;

// A new file: what has the name already, a link above all, is never written through.
const newFile = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const ownerOnly = 0o700;
const blockBytes = 256 * 1024;

const stagePrefix = ".otto-put-";

/** A name for what is under way; the dot keeps it out of most lists. */
export function stageName(): string {
  return `${stagePrefix}${randomBytes(8).toString("hex")}`;
}

/** A path or message as it was meant. */
export function withoutStage(text: string): string {
  return text.replaceAll(/\/\.otto-put-[0-9a-f]{16}/g, "");
}

export function isStageName(name: string): boolean {
  return name.startsWith(stagePrefix);
}

interface Writing {
  /** Whose entries they are. */
  readonly from: string;
  /** Where they belong, for messages. */
  readonly directory: string;
  readonly stage: LocalDirectory;
  /** Gathers what comes: files are written in pieces of its size, one after the other. */
  readonly block: Buffer;
  readonly signal: AbortSignal | undefined;
}

/** Writes entries to a fresh directory inside `directory`, then moves them to where they belong. */
export async function receiveLocally(
  directory: string,
  entries: AsyncIterable<FileEntry>,
  { from, signal }: Pick<Writing, "from" | "signal">,
): Promise<void> {
  const fail = (error: unknown): never => {
    throw copyFailure(`writing to ${directory}`, error);
  };
  await makeDirectory(directory).catch(fail);
  await using target = await LocalDirectory.open(directory).catch(fail);
  const name = stageName();
  await mkdir(target.at(name), { mode: ownerOnly }).catch(fail);
  try {
    await using stage = await target.enter(name);
    const locked = await writeEntries(
      { from, directory, stage, block: Buffer.allocUnsafe(blockBytes), signal },
      entries,
    );
    signal?.throwIfAborted();
    await checkMerge(stage, target, (path) => {
      throw conflict(`${directory}/${path}: a file and a directory have this name`);
    });
    const merged = await merge(stage, target).catch(fail);
    await lockDirectories(
      target,
      locked.filter(({ path }) => !merged.has(path)),
    );
  } finally {
    await removeAll(target, name);
  }
}

// Node's own `recursive` never returns for a directory that can hold none, such as /proc.
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return;
    if (code !== "ENOENT" || dirname(path) === path) throw error;
    await makeDirectory(dirname(path));
    await mkdir(path).catch((late: NodeJS.ErrnoException) => {
      if (late.code !== "EEXIST") throw late;
    });
  }
}

/** @returns the directories that may not be written to once they are in place */
async function writeEntries(writing: Writing, entries: AsyncIterable<FileEntry>): Promise<readonly DirectoryOf[]> {
  await using openPath = new OpenPath(writing.stage);
  const directories: DirectoryOf[] = [];
  for await (const entry of entries) {
    writing.signal?.throwIfAborted();
    if (entry.path === "") continue;
    try {
      await writeEntry(openPath, entry, writing);
    } catch (error) {
      throw asRefusal(error, writing, entry);
    }
    if (entry.kind === "directory") directories.push(entry);
  }
  // What is written in a directory changes its time.
  for (const entry of directories.toReversed()) await finishDirectory(openPath, { ...entry, mode: entry.mode | 0o700 });
  return directories.filter(({ mode }) => (mode & 0o700) !== 0o700);
}

// A directory that may not be written to can be neither filled nor moved, but by root.
async function lockDirectories(target: LocalDirectory, directories: readonly DirectoryOf[]): Promise<void> {
  await using openPath = new OpenPath(target);
  for (const entry of directories.toReversed()) await finishDirectory(openPath, entry);
}

async function writeEntry(openPath: OpenPath, entry: FileEntry, writing: Writing): Promise<void> {
  const directory = await openPath.directoryOf(entry.path);
  const path = directory.at(basename(entry.path));
  switch (entry.kind) {
    case "directory":
      return await mkdir(path, { mode: ownerOnly });
    case "file":
      return await writeFile(path, entry, writing);
    case "symlink":
      await symlink(entry.target, path);
      return await lutimes(path, entry.mtime, entry.mtime);
    case "hardlink":
      return await linkFile(writing.stage, entry.target, path);
  }
}

async function writeFile(path: string, entry: FileOf, writing: Writing): Promise<void> {
  if (entry.sizeBytes <= writing.block.length) return writeSmall(path, entry, await gather(entry, writing));
  const file = await open(path, newFile, 0o600);
  try {
    await writeContent(file, entry, writing);
    await file.chmod(entry.mode);
    await file.utimes(entry.mtime, entry.mtime);
  } finally {
    await file.close();
  }
}

/** All of a file's bytes in the block, which has room for them. */
async function gather(entry: FileOf, { block, signal }: Writing): Promise<Buffer> {
  let filled = 0;
  for await (const chunk of entry.content()) {
    signal?.throwIfAborted();
    filled += chunk.copy(block, filled);
  }
  return block.subarray(0, filled);
}

// Of many small files, most of the time goes to what is around an asynchronous call.
function writeSmall(path: string, { mode, mtime }: FileOf, content: Buffer): void {
  const file = openSync(path, newFile, 0o600);
  try {
    writeFileSync(file, content);
    fchmodSync(file, mode);
    futimesSync(file, mtime, mtime);
  } finally {
    closeSync(file);
  }
}

async function writeContent(file: FileHandle, entry: FileOf, { block, signal }: Writing): Promise<void> {
  let filled = 0;
  for await (const chunk of entry.content()) {
    signal?.throwIfAborted();
    for (let taken = 0; taken < chunk.length; ) {
      const copied = chunk.copy(block, filled, taken);
      taken += copied;
      filled += copied;
      if (filled < block.length) continue;
      await file.writeFile(block);
      filled = 0;
    }
  }
  await file.writeFile(block.subarray(0, filled));
}

// A second name for one of the files that came before: it lies in the fresh directory, so no outside file gets a name.
async function linkFile(stage: LocalDirectory, target: string, path: string): Promise<void> {
  await using openPath = new OpenPath(stage);
  const directory = await openPath.directoryOf(target);
  const name = basename(target);
  if ((await directory.kindOf(name)) !== "file") throw Object.assign(new Error("no such file"), { code: "ENOENT" });
  await link(directory.at(name), path);
}

async function finishDirectory(openPath: OpenPath, { path, mode, mtime }: DirectoryOf): Promise<void> {
  const parent = await openPath.directoryOf(path);
  const handle = await open(
    parent.at(basename(path)),
    constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW,
  );
  try {
    await handle.chmod(mode);
    await handle.utimes(mtime, mtime);
  } finally {
    await handle.close();
  }
}

// In a fresh directory these come only of entries that contradict each other.
const contradictions: Readonly<Record<string, string>> = {
  EEXIST: "an entry of this name came before",
  ENOTDIR: "it lies under something that is no directory",
  ELOOP: "it lies under a link",
  ENOENT: "its directory, or the file it links to, did not come before",
};

function asRefusal(error: unknown, { from, directory }: Writing, { path }: FileEntry): unknown {
  const reason = contradictions[(error as NodeJS.ErrnoException).code ?? ""];
  return reason === undefined ? copyFailure(`writing ${directory}/${path}`, error) : refused(from, path, reason);
}
