import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { abortable, cleanText, OttoError } from "@otto/errors";
import { type LockHolder, type Parent, parseClaim, parseHolder, refusal } from "@otto/hosts";
import type { RemoteShell, ShellOutcome } from "@otto/remote-tree";
import { readLines } from "./read-lines.js";
import { readAnswers } from "./session-answers.js";
import { scriptEnd, sessionScript } from "./session-script.js";
import { watchSilence } from "./silence-watch.js";

/** One Compose project on one parent. */
export interface StackLocation {
  readonly parent: Parent;
  readonly project: string;
  /** Of a project that several repos make: the one whose services are meant. Default: the whole project. */
  readonly member?: string | undefined;
}

export interface SessionOptions {
  /** The name under which a waiting command reports this session; undefined: it locks nothing. */
  readonly who: string | undefined;
  /** Whether it holds the stack's lock. Default true. */
  readonly locks?: boolean | undefined;
  /** Whether it works on a parent that somebody else has reserved: what ends earlier work does. Default false. */
  readonly evenReserved?: boolean | undefined;
  readonly onWaiting?: ((holder: LockHolder) => void) | undefined;
  /** Ends the wait for the lock. After that, a parent that does not answer any more ends the session, with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** One process on a stack's parent that runs scripts, one at a time: calls queue. Dispose it to free its lock. */
export interface StackSession extends StackLocation, RemoteShell, AsyncDisposable {
  /** @param options `onLines`: gets the lines of its output as they come */
  run(
    script: string,
    options?: { input?: Readable | undefined; onLines?: ((lines: Buffer) => void) | undefined },
  ): Promise<ShellOutcome>;
  /** Calls `listener` with each line that scripts write to stderr. */
  onLine(listener: (line: string) => void): () => void;
  /** Has the process run `script` when the session is closed, with the lock and its own functions. The last one counts. */
  runLast(script: string): void;
  /** Ends the process whose number a script told; its script then ends too. */
  stop(pid: number): void;
  /** Rejects when the session is over, whatever ended it. */
  readonly lost: Promise<never>;
  readonly isOver: boolean;
  /** Whether it is over because the parent did not answer after an abort. */
  readonly isSilent: boolean;
}

const chunkBytes = 1 << 18;

/**
 * Starts a session and waits until it holds its lock.
 * @throws OttoError `HOST_RESERVED`, `COMPOSE_PROGRAM_MISSING`, `COMPOSE_LOCK_UNAVAILABLE`, `COMPOSE_SESSION_LOST`, and what connecting throws
 */
export async function openStackSession(
  { parent, project, member }: StackLocation,
  options: SessionOptions,
): Promise<StackSession> {
  const nonce = randomBytes(8).toString("hex");
  options.signal?.throwIfAborted();
  const starting = parent.spawn(
    ["sh", "-c", sessionScript, "otto-stack", nonce, ...argumentsOf(project, options)],
    // It ends by itself, and nothing else of this operation needs a channel meanwhile.
    { lifetime: "short" },
  );
  const process = await abortable(starting, options.signal, (late) => {
    for (const stream of [late.stdout, late.stderr]) stream.resume();
    late.stdin.end();
  });
  const listeners = new Set<(line: string) => void>();
  readLines(process.stderr, (line) => {
    for (const listener of listeners) listener(line);
  });
  const answers = readAnswers(process.stdout, nonce, () => process.kill("SIGKILL"));
  let isFed = false;
  const silence = watchSilence(options.signal, () => isFed || process.stdin.write("ping\n"));
  for (const stream of [process.stdout, process.stderr]) stream.on("data", () => silence.hear());
  silence.found.catch(() => process.stdin.end());
  const ended = process.exit.then(
    () => {
      throw new OttoError("COMPOSE_SESSION_LOST", `working on ${parent.id}: the process there has ended`);
    },
    (cause: unknown) => {
      throw cause;
    },
  );
  const lost = Promise.race([ended, silence.found]);
  let isOver = false;
  lost.catch(() => {
    isOver = true;
  });
  process.stdin.on("error", () => {});
  let last: string | undefined;
  const close = async () => {
    if (!isOver && last === undefined) process.stdin.end("quit\n");
    // In one go: whoever closes it does not wait for the script's answer before it says goodbye.
    else if (!isOver) send("run", `${last}\nremove_scratch\nkill -s KILL 0`);
    await Promise.race([lost.catch(() => {}), once(process.stdout, "close").catch(() => {})]);
    silence[Symbol.dispose]();
  };
  const send = (verb: string, script: string) => {
    const bytes = Buffer.from(script + scriptEnd(nonce));
    process.stdin.write(`${verb} ${bytes.length}\n`);
    process.stdin.write(bytes);
  };
  const sendInput = async (input: Readable) => {
    isFed = true;
    await feed(process.stdin, input, () => silence.hear()).finally(() => {
      isFed = false;
    });
  };
  try {
    await waitForLock(parent, { answers, lost, options });
  } catch (error) {
    silence[Symbol.dispose]();
    process.stdin.end();
    throw error;
  }
  const runNow: StackSession["run"] = async (script, { input, onLines } = {}) => {
    answers.onLines = onLines;
    send(input === undefined ? "run" : "feed", script);
    const answer = answers.next();
    answer.catch(() => {});
    const fed = input === undefined ? undefined : Promise.race([sendInput(input), lost]);
    // Of an input that breaks, too: the next command's answer must not come behind it.
    const settled = await Promise.allSettled([Promise.race([answer, lost]), fed]);
    for (const each of settled) if (each.status === "rejected") throw each.reason;
    const { text, exitCode } = await answer;
    return { exitCode, output: text };
  };
  let before: Promise<unknown> = Promise.resolve();
  return {
    parent,
    project,
    member,
    run(script, options): Promise<ShellOutcome> {
      const outcome = before.then(() => runNow(script, options));
      before = outcome.catch(() => {});
      return outcome;
    },
    onLine(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    runLast: (script) => {
      last = script;
    },
    stop: (pid) => {
      process.stdin.write(`stop ${pid}\n`);
    },
    lost,
    get isOver() {
      return isOver;
    },
    get isSilent() {
      return silence.isFound;
    },
    [Symbol.asyncDispose]: close,
  };
}

function argumentsOf(project: string, { who, locks = true, evenReserved = false }: SessionOptions): string[] {
  return who === undefined ? ["", "", ""] : [locks ? project : "", who, evenReserved ? "even-reserved" : ""];
}

interface LockWait {
  readonly answers: ReturnType<typeof readAnswers>;
  readonly lost: Promise<never>;
  readonly options: SessionOptions;
}

async function waitForLock(parent: Parent, { answers, lost, options }: LockWait): Promise<void> {
  for (;;) {
    const said = await abortable(answers.state(), options.signal);
    if (said === undefined) return lost;
    const [state = "", ...words] = said.split(" ");
    const text = words.join(" ");
    if (state === "ready") return;
    if (state === "reserved") throw refusal(parent, parseClaim(text));
    if (state === "missing") throw programMissing(parent, words);
    if (state === "lockless") throw lockUnavailable(parent, cleanText(text));
    if (state === "waiting") options.onWaiting?.(parseHolder(text));
  }
}

/** Sends a stream in chunks, each after its size, and ends it with a size of 0. */
async function feed(stdin: NodeJS.WritableStream, input: Readable, onTaken: () => void): Promise<void> {
  const write = async (chunk: Buffer) => {
    stdin.write(`${chunk.length}\n`);
    if (stdin.write(chunk)) return;
    await once(stdin, "drain");
    onTaken();
  };
  let held: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of input as AsyncIterable<Buffer>) {
      held.push(chunk);
      size += chunk.length;
      if (size < chunkBytes) continue;
      await write(Buffer.concat(held));
      [held, size] = [[], 0];
    }
    if (size > 0) await write(Buffer.concat(held));
  } finally {
    stdin.write("0\n");
  }
}

function lockUnavailable(parent: Parent, reason: string): OttoError {
  return new OttoError("COMPOSE_LOCK_UNAVAILABLE", `cannot lock stacks on ${parent.id}: ${reason}`, {
    hint: `Remove what is in the way on ${parent.id}; /run/lock, /dev/shm or /tmp must be open to all its users.`,
    details: { host: parent.id },
  });
}

function programMissing(parent: Parent, programs: readonly string[]): OttoError {
  return new OttoError(
    "COMPOSE_PROGRAM_MISSING",
    `cannot work on stacks on ${parent.id}: it lacks ${programs.join(", ")}`,
    {
      hint: `Install coreutils, util-linux (flock), sed and tar on ${parent.id}.`,
      details: { host: parent.id, programs },
    },
  );
}
