import { anySignal, isOttoError, OttoError } from "@otto/errors";
import type { Lab } from "@otto/host-registry";
import {
  extendReservation,
  type HeldReservation,
  type Parent,
  type Reservation,
  releaseParent,
  reserveParent,
} from "@otto/hosts";
import { currentUser } from "./current-user.js";

/** A host and who has reserved it. */
export interface HostReservation extends Reservation {
  /** Id. */
  readonly host: string;
}

export interface ReserveHostOptions {
  /** Milliseconds, from a second to 30 days. Default: until it is disposed, or this process ends. */
  readonly forMs?: number | undefined;
  /** Whether it gets in line behind others; the signal ends the wait. Default false. */
  readonly waits?: boolean | undefined;
  /** Called for each host that is waited for, with who is first in its line. */
  readonly onWaiting?: ((first: HostReservation) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A host that is reserved for the user of this process. */
export type ReservedHost = HeldReservation & HostReservation;

/**
 * The hosts that a reservation may mean: the one with this id or handle, else all with this role, else a machine that `Lab.findHost`
 * knows. Nothing is connected to.
 * @throws OttoError what `Lab.findHost` throws
 */
export function findReservable(lab: Lab, name: string): readonly Parent[] {
  const wanted = name.toLowerCase();
  const isHost = lab.data.hosts.some(({ id, handle }) => id === wanted || handle === wanted);
  const ofRole = lab.data.hosts.filter(({ roles }) => roles.includes(name));
  return isHost || ofRole.length === 0 ? [lab.machine(name)] : ofRole.map(({ id }) => lab.machine(id));
}

/**
 * Reserves a host, or of several with a role the first that is free: until the end, commands of others that change something there
 * are refused. Whoever comes first is first. With `waits` it is in the line of each host with that role, and takes what comes first.
 * @param name what {@link findReservable} takes
 * @returns when it is held. Disposing it ends one that has no time; one for a time lasts, also without this process
 * @throws OttoError `HOST_RESERVED` where it does not wait, and what `reserveParent` throws
 */
export async function reserveHost(lab: Lab, name: string, options: ReserveHostOptions = {}): Promise<ReservedHost> {
  const hosts = findReservable(lab, name);
  const [only] = hosts;
  if (only !== undefined && hosts.length === 1) return reserve(only, options);
  const taken: { readonly parent: Parent; readonly error: OttoError }[] = [];
  for (const parent of hosts) {
    try {
      return await reserve(parent, { ...options, waits: false });
    } catch (error) {
      options.signal?.throwIfAborted();
      // One that cannot be asked is no reason to leave the others alone.
      if (!isOttoError(error)) throw error;
      taken.push({ parent, error });
    }
  }
  const busy = taken.filter(({ error }) => error.code === "HOST_RESERVED").map(({ parent }) => parent);
  if (options.waits === true && busy.length > 0) return reserveFirst(busy, options);
  throw noneFree(name, taken);
}

async function reserve(parent: Parent, { onWaiting, ...options }: ReserveHostOptions): Promise<ReservedHost> {
  const host = parent.id;
  const held = await reserveParent(parent, {
    ...options,
    who: currentUser(),
    onWaiting: (first) => onWaiting?.({ ...first, host }),
  });
  return { ...held, host };
}

/** In the line of each, until one has come. */
async function reserveFirst(hosts: readonly Parent[], options: ReserveHostOptions): Promise<ReservedHost> {
  const others = new AbortController();
  const waiting = { ...options, waits: true, signal: anySignal(others.signal, options.signal) };
  const lines = hosts.map((parent) => reserve(parent, waiting));
  const first = await Promise.any(lines).catch((error: AggregateError) => {
    options.signal?.throwIfAborted();
    throw error.errors[0];
  });
  others.abort();
  for (const [index, end] of (await Promise.allSettled(lines)).entries()) {
    if (end.status === "rejected" || end.value === first) continue;
    // It came at the same time.
    await end.value[Symbol.asyncDispose]();
    if (options.forMs !== undefined) await releaseParent(hosts[index] as Parent, { who: currentUser() });
  }
  return first;
}

function noneFree(role: string, taken: readonly { readonly parent: Parent; readonly error: OttoError }[]): OttoError {
  const lines = taken.map(({ error: { message } }) => message);
  const [first] = taken;
  return new OttoError("HOST_RESERVED", `no host with the role ${role} is free\n${lines.join("\n")}`, {
    hint: `Get in line for the first that comes: otto lab reserve ${role} --wait`,
    details: { role, hosts: taken.map(({ parent, error }) => ({ host: parent.id, code: error.code })) },
    cause: first?.error,
  });
}

export interface ReleaseHostOptions {
  /** Whether another's is ended, too. Default false. */
  readonly breaks?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Ends the reservations of the user of this process: of a host, or of all hosts with a role. Each parent notes it in its log.
 * @param name what {@link findReservable} takes
 * @returns those that it ended
 * @throws OttoError `HOST_RESERVED` where others have them, and what `releaseParent` throws
 */
export async function releaseHost(
  lab: Lab,
  name: string,
  options: ReleaseHostOptions = {},
): Promise<HostReservation[]> {
  return changeOwn(findReservable(lab, name), (parent) => releaseParent(parent, { ...options, who: currentUser() }));
}

export interface ExtendHostOptions {
  /** Milliseconds, from a second to 30 days. */
  readonly byMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Moves the end of the reservations of the user of this process: of a host, or of all hosts with a role.
 * @param name what {@link findReservable} takes
 * @returns with their new ends
 * @throws OttoError `HOST_NOT_RESERVED`, `HOST_RESERVED` where others have them, and what `extendReservation` throws
 */
export async function extendHost(lab: Lab, name: string, options: ExtendHostOptions): Promise<HostReservation[]> {
  return changeOwn(findReservable(lab, name), (parent) =>
    extendReservation(parent, { ...options, who: currentUser() }),
  );
}

/** Of several hosts, those of others stay as they are. @throws when all are others' */
async function changeOwn(
  hosts: readonly Parent[],
  change: (parent: Parent) => Promise<Reservation | undefined>,
): Promise<HostReservation[]> {
  const ends = await Promise.allSettled(hosts.map(change));
  const changed = ends.flatMap((end, index) =>
    end.status === "fulfilled" && end.value !== undefined ? [{ ...end.value, host: hosts[index]?.id ?? "" }] : [],
  );
  const failed = ends.filter((end) => end.status === "rejected");
  const isOthers = ({ reason }: PromiseRejectedResult) =>
    isOttoError(reason, "HOST_RESERVED") || isOttoError(reason, "HOST_NOT_RESERVED");
  const serious = failed.find((end) => !isOthers(end)) ?? (changed.length === 0 ? failed[0] : undefined);
  if (serious !== undefined) throw serious.reason;
  return changed;
}
