import { constants } from "node:fs";
import { type FileHandle, lstat, open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { FileKind } from "./file-entry.js";
import { kindOf } from "./local-walk.js";

const directoryOnly = constants.O_RDONLY | constants.O_DIRECTORY;
const noFollow = directoryOnly | constants.O_NOFOLLOW;

/**
 * An open directory of this machine. On Linux its paths go through its descriptor, so they mean this directory whatever
 * its name comes to mean; elsewhere they are plain paths.
 */
export class LocalDirectory implements AsyncDisposable {
  readonly #handle: FileHandle;
  readonly #path: string;

  /** Opens the directory that `path` leads to, through links. */
  static async open(path: string): Promise<LocalDirectory> {
    return LocalDirectory.#open(path, directoryOnly);
  }

  static async #open(path: string, flags: number): Promise<LocalDirectory> {
    const handle = await open(path, flags);
    const byDescriptor = `/proc/self/fd/${handle.fd}`;
    const isLinux = (await lstat(byDescriptor).catch(() => undefined)) !== undefined;
    return new LocalDirectory(handle, isLinux ? byDescriptor : path);
  }

  private constructor(handle: FileHandle, path: string) {
    this.#handle = handle;
    this.#path = path;
  }

  /** A path of a name in it, good while it is open. */
  at(name: string): string {
    return join(this.#path, name);
  }

  /** Opens a directory in it. @throws ENOTDIR or ELOOP where a link or file has the name */
  async enter(name: string): Promise<LocalDirectory> {
    return LocalDirectory.#open(this.at(name), noFollow);
  }

  /** The names in it. */
  names(): Promise<string[]> {
    return readdir(this.#path);
  }

  async kindOf(name: string): Promise<FileKind> {
    try {
      return kindOf(await lstat(this.at(name)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return "none";
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }
}

/**
 * The open directories on the way to what is written: a tree's entries come one after the other, so most
 * are in the directory of the one before.
 */
export class OpenPath implements AsyncDisposable {
  readonly #opened: { readonly name: string; readonly directory: LocalDirectory }[] = [];
  readonly #root: LocalDirectory;

  constructor(root: LocalDirectory) {
    this.#root = root;
  }

  /** The open directory that a path lies in; no link is followed on the way. */
  async directoryOf(path: string): Promise<LocalDirectory> {
    const parent = dirname(path);
    const names = parent === "." ? [] : parent.split("/");
    const shared = names.findIndex((name, index) => this.#opened[index]?.name !== name);
    await this.#leave(shared === -1 ? names.length : shared);
    let directory = this.#opened.at(-1)?.directory ?? this.#root;
    for (const name of names.slice(this.#opened.length)) {
      directory = await directory.enter(name);
      this.#opened.push({ name, directory });
    }
    return directory;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#leave(0);
  }

  async #leave(depth: number): Promise<void> {
    for (const { directory } of this.#opened.splice(depth).toReversed()) await directory[Symbol.asyncDispose]();
  }
}

/** What may be in the way when one directory is taken into another; the path is from `to`. */
export type OnConflict = (path: string) => never;

/** Looks for files where directories would have to be, and the reverse. */
export async function checkMerge(from: LocalDirectory, to: LocalDirectory, onConflict: OnConflict, path = "") {
  for (const name of await from.names()) {
    const [source, target] = [await from.kindOf(name), await to.kindOf(name)];
    if (target === "none") continue;
    if (source === "directory" && target === "directory") {
      await using pair = await enterBoth(from, to, name);
      await checkMerge(pair.from, pair.to, onConflict, join(path, name));
    } else if (source === "directory" || target === "directory") {
      onConflict(join(path, name));
    }
  }
}

/**
 * Moves all of `from` into `to`: each name in one step, where there are directories in both what is in them.
 * @returns the paths of the directories that were in both
 */
export async function merge(from: LocalDirectory, to: LocalDirectory, path = ""): Promise<ReadonlySet<string>> {
  const merged = new Set<string>();
  for (const name of await from.names()) {
    if ((await from.kindOf(name)) === "directory" && (await to.kindOf(name)) === "directory") {
      await using pair = await enterBoth(from, to, name);
      merged.add(join(path, name));
      for (const inner of await merge(pair.from, pair.to, join(path, name))) merged.add(inner);
    } else {
      await rename(from.at(name), to.at(name));
    }
  }
  return merged;
}

/** Removes a name of a directory and all below it. */
export async function removeAll(directory: LocalDirectory, name: string): Promise<void> {
  await rm(directory.at(name), { recursive: true, force: true });
}

async function enterBoth(from: LocalDirectory, to: LocalDirectory, name: string) {
  const source = await from.enter(name);
  try {
    const target = await to.enter(name);
    return {
      from: source,
      to: target,
      async [Symbol.asyncDispose]() {
        await target[Symbol.asyncDispose]();
        await source[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await source[Symbol.asyncDispose]();
    throw error;
  }
}
