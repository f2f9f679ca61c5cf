import { constants, type Stats } from "node:fs";
import { lstat, mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Bytes: a Unix socket's path ends at 104 on some systems. */
const longestSocketPath = 103;
/** Of a name in the directory. */
const longestName = 26;

/**
 * The first of the directories that this user alone may enter, and that is made when it is missing; undefined where none will do.
 *
 * @param candidates absolute paths; what is above each has to be the user's or root's, and not for others to write
 * @param makes whether one that is missing is made. Default true
 */
export async function findKeeperDirectory(candidates: readonly string[], makes = true): Promise<string | undefined> {
  for (const directory of candidates) {
    if (Buffer.byteLength(directory) + 1 + longestName > longestSocketPath) continue;
    try {
      if (makes) await mkdir(directory, { recursive: true, mode: 0o700 });
      if (await isPrivate(directory)) return directory;
    } catch {
      // The next one may do.
    }
  }
  return undefined;
}

/** Whether nobody else can enter it, or put another one in its place. A link is not followed. */
async function isPrivate(directory: string): Promise<boolean> {
  const [own, above] = await Promise.all([lstat(directory), lstat(dirname(directory))]);
  if (!own.isDirectory() || !isOwn(own) || (own.mode & 0o077) !== 0) return false;
  const isSticky = (above.mode & 0o1000) !== 0;
  return above.isDirectory() && (isOwn(above) || above.uid === 0) && (isSticky || (above.mode & 0o022) === 0);
}

/** Whether it is a socket of this user's, and not a link to one. */
export async function isOwnSocket(path: string): Promise<boolean> {
  const stat = await lstat(path).catch(() => undefined);
  return stat?.isSocket() === true && isOwn(stat);
}

/** Reads a file that is this user's alone; undefined where it is missing, or something else. */
export async function readOwnFile(path: string): Promise<string | undefined> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = await file.stat();
    if (!stat.isFile() || !isOwn(stat) || (stat.mode & 0o077) !== 0 || stat.size > longestRecord) return undefined;
    return (await file.readFile()).toString();
  } catch {
    return undefined;
  }
}

/** Bytes of a record. */
const longestRecord = 64 * 1024;

function isOwn({ uid }: Stats): boolean {
  return uid === process.getuid?.();
}

/** Where a keeper listens. */
export function socketPathIn(directory: string, id: string): string {
  return join(directory, `${id}.s`);
}
