import type { Readable } from "node:stream";
import { cleanText, OttoError } from "@otto/errors";
import type { RemoteProcess } from "ssh2-streamer";
import { lockFunctions } from "./lock-script.js";
import type { Parent } from "./parent.js";

/** Who holds a lock, and since when. */
export interface LockHolder {
  /** As they called themselves. */
  readonly who: string;
  readonly since: Date;
}

export interface RemoteLockOptions {
  /** 1 to 100 of `[a-z0-9-]`, no dash first; the same for everybody on the parent. */
  readonly name: string;
  /** What others are told while they wait. */
  readonly who: string;
  /** Called when someone else holds the lock, before the wait for it. */
  readonly onWaiting?: ((holder: LockHolder) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Arguments: name, who. */
const lockScript = `${lockFunctions}
find_lock "$1" || { echo lockless; exit; }
tell_holder ""
hold_lock held "$2"
`;

/**
 * Runs `body` while holding a lock on the parent. A parent without `flock` has no locks: `body` then runs at once.
 * @throws OttoError `HOST_LOCK_LOST`, and what losing the link throws; TypeError for a name that is none
 */
export async function withRemoteLock<T>(
  parent: Parent,
  options: RemoteLockOptions,
  body: () => Promise<T>,
): Promise<T> {
  // It becomes a path on the parent.
  if (!/^[a-z0-9][a-z0-9-]{0,99}$/.test(options.name))
    throw new TypeError(`invalid lock name ${JSON.stringify(options.name)}`);
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

async function* readLines(stream: Readable): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of stream.setEncoding("utf8") as AsyncIterable<string>) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

async function waitForLock(process: RemoteProcess, options: RemoteLockOptions): Promise<void> {
  for await (const line of readLines(process.stdout)) {
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
