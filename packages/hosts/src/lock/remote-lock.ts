import { abortable, anySignal, OttoError } from "@otto/errors";
import type { RemoteProcess } from "ssh2-streamer";
import type { Parent } from "../parent/parent.js";
import { parseClaim, refusal } from "./claim.js";
import { type LockHolder, lockFunctions, parseHolder } from "./lock-script.js";
import { readLines } from "./read-lines.js";

export interface RemoteLockOptions {
  /** 1 to 100 of `[a-z0-9-]`, no dash first; the same for everybody on the parent. */
  readonly name: string;
  /** The name under which a waiting command reports this holder. */
  readonly who: string;
  /** Called when someone else holds the lock, before the wait for it. */
  readonly onWaiting?: ((holder: LockHolder) => void) | undefined;
  /** Ends the wait, and aborts the body's signal. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Arguments: name, who. The end of stdin ends the wait for the lock too, and with the lock this ends. The
 * whole group is killed, so nothing has to be written to a client that has gone.
 */
const lockScript = `${lockFunctions}
tell_reserved "" "$2" && exit
find_lock "$1" || { echo lockless; exit; }
tell_holder ""
{ cat >/dev/null; kill -s KILL 0; } | { hold_lock held "$2"; kill -s KILL 0; }
`;

/**
 * Runs `body` while holding a lock on the parent. A parent without `flock` has no locks: `body` then runs at once.
 * @param body gets a signal that aborts with `options.signal`, and with `HOST_LOCK_LOST` or the error of the link when
 * the lock is lost
 * @throws OttoError `HOST_RESERVED` when somebody else has reserved the parent, `HOST_LOCK_LOST` when the wait ends without the lock, and what losing the link throws; TypeError for an invalid name
 */
export async function withRemoteLock<T>(
  parent: Parent,
  options: RemoteLockOptions,
  body: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { name, who, signal } = options;
  // It becomes a path on the parent.
  if (!/^[a-z0-9][a-z0-9-]{0,99}$/.test(name)) throw new TypeError(`invalid lock name ${JSON.stringify(name)}`);
  signal?.throwIfAborted();
  const starting = parent.spawn(["sh", "-c", lockScript, "sh", name, who], { lifetime: "long" });
  const process = await abortable(starting, signal, letGo);
  // A broken link rejects `exit`.
  for (const stream of [process.stdin, process.stdout, process.stderr]) stream.on("error", () => {});
  process.stderr.resume();
  try {
    const isHeld = await abortable(waitForLock(parent, process, options), signal);
    return await runLocked(isHeld ? process : undefined, options, body);
  } finally {
    letGo(process);
    await process.exit.catch(() => {});
  }
}

function letGo({ stdin, stdout, stderr }: RemoteProcess): void {
  for (const stream of [stdout, stderr]) stream.resume();
  stdin.end();
}

async function runLocked<T>(
  process: RemoteProcess | undefined,
  { name, signal }: RemoteLockOptions,
  body: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const lost = new AbortController();
  process?.exit.then(
    () => lost.abort(lockLost(`holding the lock ${name}: the process that held it has ended`, name)),
    (cause: unknown) => lost.abort(cause),
  );
  return body(anySignal(lost.signal, signal));
}

/** @returns whether the parent has locks */
async function waitForLock(
  parent: Parent,
  process: RemoteProcess,
  { name, onWaiting }: RemoteLockOptions,
): Promise<boolean> {
  for await (const line of readLines(process.stdout)) {
    if (line === "held") return true;
    if (line === "lockless") return false;
    if (line.startsWith("reserved ")) throw refusal(parent, parseClaim(line.slice("reserved ".length)));
    if (line.startsWith("waiting ")) onWaiting?.(parseHolder(line.slice("waiting ".length)));
  }
  await process.exit;
  throw lockLost(`waiting for the lock ${name}: the process that waited has ended`, name);
}

function lockLost(message: string, lock: string): OttoError {
  return new OttoError("HOST_LOCK_LOST", message, {
    hint: "It was ended there: run this again.",
    details: { lock },
  });
}
