import { once } from "node:events";
import { extendHost, findReservable, formatEnd, type HostReservation, releaseHost, reserveHost } from "@otto/docker";
import { anySignal, OttoError } from "@otto/errors";
import { exitCodes } from "../exit-code.js";
import type { Outcome } from "../outcome.js";
import { formatDuration } from "../output/duration.js";
import type { Session } from "../session.js";

interface HostFlags {
  /** Id or handle, or a role. */
  readonly host: string;
}

export interface LabReserveFlags extends HostFlags {
  /** Milliseconds. */
  readonly for?: number;
  readonly wait?: boolean;
  readonly break?: boolean;
}

/** `otto lab reserve`: without a time it goes on until interrupted. */
export async function labReserve(session: Session, flags: LabReserveFlags): Promise<Outcome> {
  const { reporter, signal, options } = session;
  const { host, for: forMs, wait, break: breaks } = flags;
  const lab = await session.lab();
  if (options.dryRun)
    return showSteps(session, "reserve", host, forMs === undefined ? "" : ` for ${formatDuration(forMs)}`);
  if (breaks === true) await release(session, flags);
  const onWaiting = (first: HostReservation) =>
    reporter.item(`waiting for ${first.host}: ${wordsOf(first)}`, recordOf(first, "waiting"));
  await using held = await reserveHost(lab, host, { forMs, waits: wait, onWaiting, signal });
  const how = held.until === undefined ? "until this command ends: Ctrl+C" : formatEnd(held);
  reporter.item(`${held.host} is reserved for ${held.owner} ${how}`, recordOf(held, "held"));
  if (held.until !== undefined) return { exitCode: exitCodes.done };
  const { lost } = held;
  const end = anySignal(lost, signal);
  if (!end.aborted) await once(end, "abort");
  // Neither an interruption nor its own end is a failure; what others do is.
  if (!signal.aborted) throw lost.reason;
  return { exitCode: exitCodes.done };
}

export interface LabReleaseFlags extends HostFlags {
  readonly break?: boolean;
}

/** `otto lab release` */
export async function labRelease(session: Session, flags: LabReleaseFlags): Promise<Outcome> {
  if (session.options.dryRun) return showSteps(session, "release", flags.host, "");
  await release(session, flags);
  return { exitCode: exitCodes.done };
}

async function release(session: Session, { host, break: breaks = false }: LabReleaseFlags): Promise<void> {
  const { reporter, signal } = session;
  const lab = await session.lab();
  if (breaks && findReservable(lab, host).length > 1) {
    throw new OttoError("CLI_USAGE", `--break ends the reservation of one host, and ${host} is a role of several`, {
      hint: "Name the host.",
    });
  }
  const ended = await releaseHost(lab, host, { breaks, signal });
  if (ended.length === 0) reporter.item(`${host} is not reserved`, { type: "reservation", host, status: "free" });
  for (const one of ended) reporter.item(`released ${one.host}: it was ${wordsOf(one)}`, recordOf(one, "released"));
}

export interface LabExtendFlags extends HostFlags {
  /** Milliseconds. */
  readonly for: number;
}

/** `otto lab extend` */
export async function labExtend(session: Session, { host, for: byMs }: LabExtendFlags): Promise<Outcome> {
  const { reporter, signal, options } = session;
  if (options.dryRun) return showSteps(session, "extend", host, ` by ${formatDuration(byMs)}`);
  for (const one of await extendHost(await session.lab(), host, { byMs, signal }))
    reporter.item(`${one.host} is reserved for ${one.owner} ${formatEnd(one)}`, recordOf(one, "extended"));
  return { exitCode: exitCodes.done };
}

async function showSteps(
  session: Session,
  action: "reserve" | "release" | "extend",
  host: string,
  how: string,
): Promise<Outcome> {
  const hosts = findReservable(await session.lab(), host).map(({ id }) => id);
  const among = action === "reserve" && hosts.length > 1 ? "the first free one of " : "";
  session.reporter.item(`would ${action} ${among}${hosts.join(", ")}${how}`, {
    type: "step",
    do: action,
    host: hosts.join(","),
  });
  return { exitCode: exitCodes.done };
}

function wordsOf(reservation: HostReservation): string {
  const { owner, uid } = reservation;
  return `reserved by ${owner} (there: uid ${uid}) ${formatEnd(reservation)}`;
}

function recordOf({ host, owner, uid, since, until }: HostReservation, status: string) {
  return {
    ...{ type: "reservation", host, owner, uid, since: since.toISOString() },
    ...(until !== undefined && { until: until.toISOString() }),
    status,
  };
}
