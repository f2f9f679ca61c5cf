import { createHash } from "node:crypto";
import { abortable } from "@otto/errors";
import { type LockHolder, type Parent, withRemoteLock } from "@otto/hosts";
import type { ImageSource } from "./image-result.js";

/** One image that may be wanted by several at once. */
export interface Flight {
  readonly parent: Parent;
  readonly tag: string;
  /** How others, who wait for this one, see it. */
  readonly who: string;
  /** Whether to build even what another has just built. */
  readonly rebuild: boolean;
  /** Whether the parent has the image now. */
  readonly isPresent: () => Promise<boolean>;
  /** @param signal also aborts when others may provide the image, since the lock is lost */
  readonly provide: (signal: AbortSignal) => Promise<ImageSource>;
  readonly onWaiting: (holder: LockHolder) => void;
  readonly signal?: AbortSignal | undefined;
}

interface UnderWay {
  readonly source: Promise<ImageSource>;
  readonly since: Date;
}

const underWay = new WeakMap<Parent, Map<string, UnderWay>>();

/**
 * Provides an image once, however many want it: within this process they share one build and its result, among processes
 * and users of a parent the later ones wait for the earlier and then find the image. Whoever gives up or dies is
 * succeeded by the next.
 */
export async function provideOnce(flight: Flight): Promise<ImageSource> {
  const flights = underWay.get(flight.parent) ?? new Map<string, UnderWay>();
  underWay.set(flight.parent, flights);
  for (let ahead = flights.get(flight.tag); ahead !== undefined; ahead = flights.get(flight.tag)) {
    const source = await followed(flight, ahead);
    if (source !== undefined && !flight.rebuild) return source;
  }
  const source = provideLocked(flight);
  flights.set(flight.tag, { source, since: new Date() });
  try {
    return await source;
  } finally {
    flights.delete(flight.tag);
  }
}

/** @returns undefined when who was ahead gave up */
async function followed(flight: Flight, { source, since }: UnderWay): Promise<ImageSource | undefined> {
  flight.onWaiting({ who: flight.who, since });
  const given = source.then(
    (): ImageSource => "present",
    (error: unknown) => (isAbort(error) ? undefined : Promise.reject(error)),
  );
  return abortable(given, flight.signal);
}

async function provideLocked(flight: Flight): Promise<ImageSource> {
  let waited = false;
  const onWaiting = (holder: LockHolder) => {
    waited = true;
    flight.onWaiting(holder);
  };
  const options = { name: lockName(flight.tag), who: flight.who, onWaiting, signal: flight.signal };
  return withRemoteLock(flight.parent, options, async (signal) => {
    if (waited && !flight.rebuild && (await flight.isPresent())) return "present";
    return flight.provide(signal);
  });
}

/** One of 256 names, so that what locks leave on the parent stays small; who shares one by chance only waits. */
function lockName(tag: string): string {
  return `build-${createHash("sha256").update(tag).digest("hex").slice(0, 2)}`;
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}
