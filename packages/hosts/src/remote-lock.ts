import { createInterface } from "node:readline";
import { cleanText, OttoError } from "@otto/errors";
import type { RemoteProcess } from "ssh2-streamer";
import type { Parent } from "./parent.js";

/** Who holds a lock, and since when. */
export interface LockHolder {
  /** As they called themselves. */
  readonly who: string;
  readonly since: Date;
}

export interface RemoteLockOptions {
  /** `[a-z0-9-]`; the same for everybody on the parent. */
  readonly name: string;
  /** What others are told while they wait. */
  readonly who: string;
  /** Called when someone else holds the lock, before the wait for it. */
  readonly onWaiting?: ((holder: LockHolder) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A lock among all users of a parent is a `flock` process there that lives as long as our stdin to it: whoever dies or
 * loses the link lets go. What is locked is an empty directory, since everybody may open that whoever made it.
 * Arguments: name, who.
 */
const lockScript = `
for base in /run/lock /dev/shm /tmp; do if [ -d "$base" ] && [ -k "$base" ]; then break; fi; done
lock=$base/otto/$1
(umask 0; mkdir -m 1777 "$base/otto"; mkdir -m 1777 "$lock") 2>/dev/null
if ! command -v flock >/dev/null || [ -L "$base/otto" ] || [ -L "$lock" ] || [ ! -d "$lock" ]; then echo lockless; exit; fi
if ! flock -n "$lock" true; then
  inode=$(stat -c %i "$lock") holder=
  while read -r _ type _ _ pid file _; do
    if [ "$type" = FLOCK ] && [ "\${file##*:}" = "$inode" ]; then holder=$(tr '\\0' '\\n' <"/proc/$pid/cmdline" | tail -n 1); fi
  done </proc/locks 2>/dev/null
  echo "waiting $(stat -c %Y "$lock") \${holder:-someone}"
fi
exec flock "$lock" sh -c 'touch -c "$1"; echo held; exec cat >/dev/null' otto-lock "$lock" "$2"
`;

/**
 * Runs `body` while holding a lock on the parent. A parent without `flock` has no locks: `body` then runs at once.
 * @throws OttoError `HOST_LOCK_LOST`, and what losing the link throws
 */
export async function withRemoteLock<T>(
  parent: Parent,
  options: RemoteLockOptions,
  body: () => Promise<T>,
): Promise<T> {
  const process = await parent.spawn(["sh", "-c", lockScript, "sh", options.name, options.who], {
    signal: options.signal,
    lifetime: "long",
  });
  // A link that breaks is told by `body`, or by the wait.
  for (const stream of [process.stdin, process.stdout, process.stderr]) stream.on("error", () => {});
  process.stderr.resume();
  try {
    await waitForLock(process, options);
    return await body();
  } finally {
    process.stdin.end();
    await process.exit.catch(() => {});
  }
}

async function waitForLock(process: RemoteProcess, options: RemoteLockOptions): Promise<void> {
  const lines = createInterface({ input: process.stdout });
  // It repeats the stream's errors, also when nobody reads lines any more.
  lines.on("error", () => {});
  for await (const line of lines) {
    const [state = "", since = "", ...who] = line.split(" ");
    if (state === "held" || state === "lockless") return;
    options.onWaiting?.({ who: cleanText(who.join(" ")), since: new Date(Number(since) * 1000) });
  }
  options.signal?.throwIfAborted();
  await process.exit;
  throw new OttoError("HOST_LOCK_LOST", `waiting for the lock ${options.name}: the process that waited has ended`, {
    details: { lock: options.name },
  });
}
