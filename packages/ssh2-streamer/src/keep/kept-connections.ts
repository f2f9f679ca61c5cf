import { readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { startOf } from "../openssh/private-directory.js";
import { askKeeperState, endKeeper, isListening } from "./keeper-client.js";
import { findKeeperDirectory } from "./keeper-directory.js";
import { type FoundRecord, listRecords, removeRecord } from "./keeper-record.js";

/** A connection that outlives the session that opened it. */
export interface KeptSshConnection {
  /** The endpoint's name. */
  readonly host: string;
  /** The names of the hops before it. */
  readonly hops: readonly string[];
  /** The first login of the endpoint. */
  readonly user: string;
  /** `address:port` */
  readonly address: string;
  /** Process that keeps it. */
  readonly pid: number;
  /** `silent`: its process does not answer. */
  readonly state: "logging in" | "open" | "silent";
  readonly ageMs: number;
  /** Since it was used last; 0 while it is used. */
  readonly idleMs: number;
  /** It is closed when it was idle for this long. */
  readonly persistMs: number;
  /** Processes that use it. */
  readonly users: readonly number[];
  /** Closes it, with all that is under way on it, and waits until its process has ended. */
  end(): Promise<void>;
}

/**
 * The connections that are kept in the first of the directories that will do, by host and age. What is left of processes that were
 * killed is removed.
 * @param directories {@link SshSessionOptions.keepIn}
 */
export async function listKeptConnections(directories: readonly string[]): Promise<KeptSshConnection[]> {
  const directory = await findKeeperDirectory(directories, false);
  if (directory === undefined) return [];
  const found = await listRecords(directory);
  const listed = await Promise.all(found.map((each) => describe(directory, each)));
  await removeLeftovers(directory, found);
  const order = (one: KeptSshConnection, other: KeptSshConnection) =>
    one.host < other.host ? -1 : one.host > other.host ? 1 : other.ageMs - one.ageMs;
  return listed.flat().sort(order);
}

async function describe(directory: string, found: FoundRecord): Promise<KeptSshConnection[]> {
  const { record } = found;
  const state = await askKeeperState({ directory, record });
  if (state === "gone") {
    await removeRecord(found, directory);
    return [];
  }
  const { host, hops, user, address, pid, persistMs } = record;
  const ageMs = Math.max(0, Date.now() - record.startedAt);
  const end = async () => {
    if ((await endKeeper({ directory, record })) === "ended") return;
    // One that stands still, as its process is seen to be the one that wrote the record.
    if (startOf(pid) === record.processStart) process.kill(pid, "SIGKILL");
    await removeRecord(found, directory);
  };
  const what = { host, hops, user, address, pid, ageMs, persistMs, end };
  if (state === "stuck") return [{ ...what, state: "silent", idleMs: 0, users: [] }];
  const { users, idleMs, isLoggedIn } = state;
  return [{ ...what, state: isLoggedIn ? "open" : "logging in", idleMs, users }];
}

/** Files of keepers that have no record and do not listen. */
async function removeLeftovers(directory: string, found: readonly FoundRecord[]): Promise<void> {
  const known = new Set(found.map(({ record }) => record.id));
  for (const name of await readdir(directory).catch(() => [])) {
    const [, id] = /^(?:[0-9a-f]{32}\.)?([0-9a-f]{16})(?:\.s|-aside)?$/.exec(name) ?? [];
    if (id === undefined || known.has(id)) continue;
    if (!(await isListening(directory, id))) await unlink(join(directory, name)).catch(() => {});
  }
}
