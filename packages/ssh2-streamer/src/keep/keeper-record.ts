import { link, readdir, rename, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readOwnFile, socketPathIn } from "./keeper-directory.js";

/** What a keeper says of itself to who may read its file. */
export interface KeeperRecord {
  /** Its socket is named by it. 16 hexadecimal digits. */
  readonly id: string;
  /** Who knows it may use the connection. */
  readonly token: string;
  readonly pid: number;
  /** When the process began: a later one may have the same id. */
  readonly processStart: string;
  /** The machine's id in the lab. */
  readonly host: string;
  /** The machines before it. */
  readonly hops: readonly string[];
  readonly user: string;
  /** `address:port` */
  readonly address: string;
  /** `Date.now()` of its start. */
  readonly startedAt: number;
  /** How long it waits for the next user. */
  readonly persistMs: number;
}

/** A record, and the file that it stands in. */
export interface FoundRecord {
  readonly record: KeeperRecord;
  readonly path: string;
}

/** Where the keeper of a route is found, by what decided on its connection. */
export function recordPathIn(directory: string, fingerprint: string): string {
  return join(directory, `${fingerprint}.k`);
}

/** All records in a directory. */
export async function listRecords(directory: string): Promise<FoundRecord[]> {
  const names = await readdir(directory).catch(() => []);
  const paths = names.filter((name) => name.endsWith(".k")).map((name) => join(directory, name));
  const found = await Promise.all(
    paths.map(async (path) => {
      const record = await readRecord(path);
      return record === undefined ? [] : [{ record, path }];
    }),
  );
  return found.flat();
}

/** The record of a file; undefined where there is none. */
export async function readRecord(path: string): Promise<KeeperRecord | undefined> {
  const text = await readOwnFile(path);
  try {
    const record: unknown = text === undefined ? undefined : JSON.parse(text);
    return isRecord(record) ? record : undefined;
  } catch {
    return undefined;
  }
}

/** Its id becomes part of a path, and its process may be killed. */
function isRecord(value: unknown): value is KeeperRecord {
  if (typeof value !== "object" || value === null) return false;
  const { id, pid, startedAt, persistMs, hops, ...others } = value as Readonly<Record<string, unknown>>;
  const { token, processStart, host, user, address } = others;
  const isText = (text: unknown) => typeof text === "string";
  return (
    isText(id) &&
    /^[0-9a-f]{16}$/.test(String(id)) &&
    Number.isSafeInteger(pid) &&
    Number(pid) > 0 &&
    [startedAt, persistMs].every(Number.isFinite) &&
    Array.isArray(hops) &&
    [token, processStart, host, user, address, ...hops].every(isText)
  );
}

/**
 * Puts a record at a path, where it is the only one: of those who do so at once, one succeeds.
 * @param isAlive whether the keeper of a record that is there answers; the record of one that does not is replaced
 * @returns false where the path has the record of a keeper that is alive
 */
export async function claimRecord(
  { record, path }: FoundRecord,
  isAlive: (other: KeeperRecord) => Promise<boolean>,
): Promise<boolean> {
  const own = `${path.slice(0, -2)}.${record.id}`;
  await writeFile(own, JSON.stringify(record), { mode: 0o600, flag: "wx" });
  try {
    for (;;) {
      if (await linkNew(own, path)) return true;
      const other = await readRecord(path);
      if (other !== undefined && (await isAlive(other))) return false;
      await removeStale(path, other, record.id);
    }
  } finally {
    await unlink(own);
  }
}

/** Removes the record of a keeper, unless another one has taken its path. */
export async function removeRecord({ record, path }: FoundRecord, directory: string): Promise<void> {
  const current = await readRecord(path);
  if (current?.id === record.id) await unlink(path).catch(() => {});
  await unlink(socketPathIn(directory, record.id)).catch(() => {});
}

/** Takes away a file that was seen to be stale. What came to its place meanwhile is put back. */
async function removeStale(path: string, seen: KeeperRecord | undefined, id: string): Promise<void> {
  const aside = `${path.slice(0, -2)}.${id}-aside`;
  const isMoved = await rename(path, aside).then(
    () => true,
    () => false,
  );
  if (!isMoved) return;
  const moved = await readRecord(aside);
  if (moved !== undefined && moved.id !== seen?.id) await linkNew(aside, path);
  await unlink(aside).catch(() => {});
}

async function linkNew(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}
