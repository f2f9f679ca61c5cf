import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  type Command,
  type CommandResult,
  declareStacks,
  getContainerHost,
  type Lab,
  openLab,
  type Parent,
} from "@otto/docker";
import { isOttoError, startDeadline } from "@otto/errors";
import { cacheDirectory } from "../cache-directory.js";
import { isContainerId, parentIn } from "../container-lookup.js";
import type { Session } from "../session.js";
import { shownNames, splitPath } from "./local-paths.js";

interface RemotePlace {
  readonly lab: string | undefined;
  readonly host: string;
  readonly typed: string;
}

// Nobody waits longer at a key. Connecting takes most of it; what was read is good for the next keys.
const patienceMs = 3000;
// More names than this are of no use at a key.
const longestListBytes = 1 << 20;
const freshMs = 30_000;

/**
 * The paths of a host that begin as what has been typed, directories with a slash behind them. Starts nothing, records no
 * host key, and gives nothing when the host cannot be asked in time.
 */
export async function readRemotePaths(session: Session, place: RemotePlace): Promise<readonly string[]> {
  const { directory, name } = splitPath(place.typed);
  const key = JSON.stringify([place.lab ?? session.options.lab, place.host, directory, session.invocation.cwd]);
  const file = join(cacheDirectory(session.invocation), "completion", createHash("sha256").update(key).digest("hex"));
  const names = (await readFresh(file)) ?? (await askHost(session, place, directory));
  if (names === undefined) return [];
  await keep(file, names);
  return shownNames(names, name).map((it) => `${directory}${it}`);
}

async function askHost(
  session: Session,
  { lab: name, host }: RemotePlace,
  directory: string,
): Promise<readonly string[] | undefined> {
  const { cwd, env, home } = session.invocation;
  using deadline = startDeadline(patienceMs, session.signal);
  const { signal } = deadline;
  const careful = { learnHostKeys: false, sendPasswords: false };
  await using lab = await openLab({ lab: name ?? session.options.lab, cwd, env, home, ...careful });
  const list = ["ls", "-1Ap", "--", directory === "" ? "." : directory];
  const find = isContainerId(host) ? inContainer : onMachine;
  const { exitCode, stdout } = await find(lab, { host, list, signal });
  return exitCode === 0 ? stdout.toString().split("\n").filter(Boolean) : undefined;
}

interface Listing {
  readonly host: string;
  readonly list: Command;
  readonly signal: AbortSignal;
}

async function onMachine(lab: Lab, { host, list, signal }: Listing): Promise<CommandResult> {
  let machine: Parent;
  try {
    machine = lab.machine(host);
  } catch (error) {
    if (!isOttoError(error, "LAB_UNKNOWN_HOST")) throw error;
    return inContainer(lab, { host, list, signal });
  }
  return machine.exec(list, { signal, maxOutputBytes: longestListBytes });
}

async function inContainer(lab: Lab, { host, list, signal }: Listing): Promise<CommandResult> {
  await declareStacks(lab, { on: parentIn(lab, host) });
  return getContainerHost(host, lab).exec(list, { signal, maxOutputBytes: longestListBytes });
}

async function readFresh(file: string): Promise<readonly string[] | undefined> {
  try {
    const { at, names } = JSON.parse(await readFile(file, "utf8")) as { at: number; names: string[] };
    const ageMs = Date.now() - at;
    // The clock may have been set back meanwhile.
    return ageMs >= 0 && ageMs < freshMs ? names : undefined;
  } catch {
    return undefined;
  }
}

async function keep(file: string, names: readonly string[]): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 }).catch(() => undefined);
  await writeFile(file, JSON.stringify({ at: Date.now(), names }), { mode: 0o600 }).catch(() => undefined);
}
