import { randomBytes } from "node:crypto";
import { abortable, cleanText, OttoError } from "@otto/errors";
import type { RemoteProcess } from "ssh2-streamer";
import { formatEnd, ownerOf, parseClaim, type Reservation, refusal } from "../lock/claim.js";
import { sentScript } from "../lock/dense-script.js";
import { readLines } from "../lock/read-lines.js";
import type { Parent } from "../parent/parent.js";
import { formatLogEntry } from "../parent-log/log-line.js";
import {
  brokenOwner,
  extendScript,
  lineScript,
  refusalScript,
  releaseScript,
  reserveScript,
} from "./reservation-script.js";

interface OwnerOptions {
  /** Who works, as for locks: `ada@desk (process 4711)`. The reservation is `ada@desk`'s, with the parent's login. */
  readonly who: string;
  readonly signal?: AbortSignal | undefined;
}

export interface ReserveOptions extends OwnerOptions {
  /** Milliseconds, from a second to 30 days; on the parent it is whole seconds. Default: until it is disposed, or this process ends. */
  readonly forMs?: number | undefined;
  /** Whether it gets in line behind others; the signal ends the wait. Default false. */
  readonly waits?: boolean | undefined;
  /** Called with who is first in line, before the wait. */
  readonly onWaiting?: ((first: Reservation) => void) | undefined;
  /** Called when the place in the line is certain, with how many are ahead. */
  readonly onQueued?: ((ahead: number) => void) | undefined;
}

/** A parent that is reserved. */
export interface HeldReservation extends Reservation, AsyncDisposable {
  /** Aborts with `HOST_RESERVATION_LOST` when it is taken away. Of one for a time, never: it needs this process no more. */
  readonly lost: AbortSignal;
}

/** Milliseconds. */
const longest = 30 * 24 * 3_600_000;

/**
 * Reserves a parent: commands of others that change something there are refused, those of the same owner and login are not.
 * Those that are under way go on. Whoever comes first is first.
 * @returns when it is held. Disposing it ends one that has no time; one for a time lasts, also without this process
 * @throws OttoError `HOST_RESERVED` where somebody is first and it does not wait, `HOST_RESERVATION_UNAVAILABLE`,
 * `HOST_RESERVATION_LOST` when its process ends before; TypeError for a time or an owner that is none
 */
export async function reserveParent(parent: Parent, options: ReserveOptions): Promise<HeldReservation> {
  const { who, forMs, waits = false, signal } = options;
  const owner = checkOwner(who);
  const seconds = forMs === undefined ? "" : secondsOf(forMs);
  signal?.throwIfAborted();
  const entry = entryOf("reserve", who, seconds === "" ? "as long as its client runs" : `for ${seconds} s`);
  const nonce = randomBytes(8).toString("hex");
  const words = [owner, entry, seconds, waits ? "wait" : "", nonce];
  const { argv, stdin } = sentScript(reserveScript, "otto-reserve", words);
  const process = await abortable(parent.spawn(argv, { lifetime: "long" }), signal, letGo);
  for (const stream of [process.stdin, process.stdout, process.stderr]) stream.on("error", () => {});
  process.stderr.resume();
  process.stdin.write(stdin);
  const lines = readLines(process.stdout);
  try {
    const reservation = await abortable(waitForTurn(parent, { lines, process, options }), signal);
    return await hold(parent, { reservation, lines, process });
  } catch (error) {
    letGo(process);
    // What is still in the line is in the way of others.
    await process.exit.catch(() => {});
    throw error;
  }
}

interface Waiting {
  readonly lines: AsyncGenerator<string>;
  readonly process: RemoteProcess;
}

async function waitForTurn(
  parent: Parent,
  { lines, process, options }: Waiting & { readonly options: ReserveOptions },
): Promise<Reservation> {
  for (;;) {
    const { value = "", done } = await lines.next();
    if (done === true) break;
    const [word, text] = splitLine(value);
    if (word === "held") return parseClaim(text);
    if (word === "lockless") throw unavailable(parent, text);
    if (word === "reserved") throw refusal(parent, parseClaim(text));
    if (word === "waiting") options.onWaiting?.(parseClaim(text));
    if (word === "queued") options.onQueued?.(Number(text));
  }
  await process.exit;
  throw lost(parent, "the process there has ended");
}

async function hold(
  parent: Parent,
  { reservation, lines, process }: Waiting & { readonly reservation: Reservation },
): Promise<HeldReservation> {
  const ending = new AbortController();
  let isReleased = false;
  const end = readEnd(lines, process);
  // One for a time has a process of its own now.
  if (reservation.until !== undefined) await end;
  else
    end.then(
      (line) => isReleased || ending.abort(lost(parent, describeLoss(line))),
      (cause: unknown) => isReleased || ending.abort(cause),
    );
  return {
    ...reservation,
    lost: ending.signal,
    async [Symbol.asyncDispose]() {
      isReleased = true;
      letGo(process);
      await process.exit.catch(() => {});
    },
  };
}

/** @returns the last line that the process prints */
async function readEnd(lines: AsyncGenerator<string>, process: RemoteProcess): Promise<string> {
  let last = "";
  for await (const line of lines) last = line;
  await process.exit;
  return last;
}

/** Of the last line that its process prints. */
function describeLoss(line: string): string {
  const [, why] = splitLine(line);
  const [kind, uid = "", ...breaker] = why.split(" ");
  if (kind === "released") return "it was released";
  if (kind === "broken") return `${cleanText(breaker.join(" "))} (there: uid ${cleanText(uid)}) has ended it`;
  return "the process there has ended";
}

function letGo({ stdin, stdout, stderr }: RemoteProcess): void {
  for (const stream of [stdout, stderr]) stream.resume();
  stdin.end();
}

export interface ReleaseOptions extends OwnerOptions {
  /** Whether another's is ended, too. Default false. */
  readonly breaks?: boolean | undefined;
}

/**
 * Ends the reservation of a parent, of whichever process of its owner; the next in line has it then.
 * @returns what it was; undefined: the parent was not reserved
 * @throws OttoError `HOST_RESERVED` for another's, `HOST_RESERVATION_STUCK` when its process does not end within 10 s,
 * `HOST_RESERVATION_UNAVAILABLE`
 */
export async function releaseParent(parent: Parent, options: ReleaseOptions): Promise<Reservation | undefined> {
  const { who, breaks = false } = options;
  const entry = breaks ? entryOf("break", who, `the reservation of ${brokenOwner}`) : entryOf("release", who);
  const argv = [checkOwner(who), entry, breaks ? "break" : ""];
  const [word, text] = await ask(parent, [releaseScript, ...argv], options);
  if (word === "free") return undefined;
  const reservation = parseClaim(text);
  if (word === "reserved") throw refusal(parent, reservation);
  if (word === "stuck") throw stuck(parent, reservation);
  return reservation;
}

export interface ExtendOptions extends OwnerOptions {
  /** Milliseconds, from a second to 30 days. */
  readonly byMs: number;
}

/**
 * Moves the end of the owner's reservation of a parent.
 * @returns with the new end
 * @throws OttoError `HOST_NOT_RESERVED`, `HOST_RESERVED` for another's, `HOST_RESERVATION_ENDLESS` for one without a time,
 * `HOST_RESERVATION_UNAVAILABLE`; TypeError for a time that is none
 */
export async function extendReservation(parent: Parent, options: ExtendOptions): Promise<Reservation> {
  const seconds = secondsOf(options.byMs);
  const argv = [checkOwner(options.who), entryOf("extend", options.who, `by ${seconds} s`), seconds];
  const [word, text] = await ask(parent, [extendScript, ...argv], options);
  if (word === "free") throw notReserved(parent);
  const reservation = parseClaim(text);
  if (word === "reserved") throw refusal(parent, reservation);
  if (word === "endless") throw endless(parent);
  return reservation;
}

/**
 * Who has reserved a parent, and who waits for it, in their order; changes nothing there. A parent without `flock` has no
 * reservations.
 */
export async function readReservations(
  parent: Parent,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Reservation[]> {
  const lines = await run(parent, [lineScript], signal);
  return lines.map(splitLine).flatMap(([word, text]) => (word === "claim" ? [parseClaim(text)] : []));
}

/**
 * Refuses work on a parent that somebody else has reserved, as locks do by themselves.
 * @throws OttoError `HOST_RESERVED`
 */
export async function refuseReserved(parent: Parent, { who, signal }: OwnerOptions): Promise<void> {
  const [line = ""] = await run(parent, [refusalScript, who], signal);
  const [word, text] = splitLine(line);
  if (word === "reserved") throw refusal(parent, parseClaim(text));
}

async function run(parent: Parent, [script = "", ...words]: readonly string[], signal: AbortSignal | undefined) {
  const { argv, stdin } = sentScript(script, "otto-reserve", words);
  const { stdout } = await parent.exec(argv, { stdin, signal });
  return stdout.toString().split("\n");
}

/** @returns the one line of an answer, as its first word and the rest */
async function ask(
  parent: Parent,
  argv: readonly string[],
  { signal }: OwnerOptions,
): Promise<readonly [string, string]> {
  const [line = ""] = await run(parent, argv, signal);
  const [word, text] = splitLine(line);
  if (word === "") throw unavailable(parent, "its process there failed");
  if (word === "lockless") throw unavailable(parent, text);
  return [word, text];
}

function splitLine(line: string): readonly [string, string] {
  const at = line.indexOf(" ");
  return at === -1 ? [line, ""] : [line.slice(0, at), line.slice(at + 1)];
}

/** Of the parent's log, in which each change of a reservation has a line. */
function entryOf(done: string, who: string, text?: string): string {
  return formatLogEntry({ do: done, who, text });
}

function checkOwner(who: string): string {
  const owner = ownerOf(who);
  if (owner !== "" && owner === cleanText(owner) && !/[\r\n]/.test(owner) && owner.length <= 200) return owner;
  throw new TypeError(`invalid owner ${JSON.stringify(owner)}: expected up to 200 printable characters on one line`);
}

function secondsOf(ms: number): string {
  if (ms >= 1000 && ms <= longest) return String(Math.ceil(ms / 1000));
  throw new TypeError(`invalid time ${ms} ms: expected a second to 30 days`);
}

function unavailable({ id }: Parent, why: string): OttoError {
  return new OttoError("HOST_RESERVATION_UNAVAILABLE", `cannot reserve ${id}: ${cleanText(why)}`, {
    hint: `Install coreutils and util-linux (flock, setsid) on ${id}; /run/lock, /dev/shm or /tmp must be open to all its users.`,
    details: { host: id },
  });
}

function lost({ id }: Parent, why: string): OttoError {
  return new OttoError("HOST_RESERVATION_LOST", `the reservation of ${id} is over: ${why}`, {
    hint: `Reserve it again: otto lab reserve ${id} --wait`,
    details: { host: id },
  });
}

function stuck({ id }: Parent, reservation: Reservation): OttoError {
  const { owner, uid } = reservation;
  return new OttoError(
    "HOST_RESERVATION_STUCK",
    `ending the reservation of ${id} by ${owner} ${formatEnd(reservation)}: its process there did not end within 10 s`,
    {
      hint: `On ${id}, root or uid ${uid} can end that process; it is called otto-reserved.`,
      details: { host: id, owner, uid },
    },
  );
}

function notReserved({ id }: Parent): OttoError {
  return new OttoError("HOST_NOT_RESERVED", `extending the reservation of ${id}: nobody has reserved it`, {
    hint: `Reserve it: otto lab reserve ${id} --for 2h`,
    details: { host: id },
  });
}

function endless({ id }: Parent): OttoError {
  return new OttoError(
    "HOST_RESERVATION_ENDLESS",
    `extending the reservation of ${id}: it has no time, but lasts as long as its client runs`,
    { hint: `For a time: otto lab release ${id}, then otto lab reserve ${id} --for 2h`, details: { host: id } },
  );
}
