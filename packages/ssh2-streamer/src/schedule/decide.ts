/** How long a channel is expected to hold its session; `urgent`: short, and what it does makes room for others. */
export type Lifetime = "short" | "long" | "urgent";

/** What a session is wanted for. */
export interface SessionRequest {
  readonly lifetime: Lifetime;
  /** A session of the same key that is idle will do as well, and this one may be lent while it is idle. */
  readonly lendKey?: string | undefined;
}

/** One connection, and the sessions that it holds. */
export interface ConnectionLoad {
  /** How many it can hold: `Infinity` until the server said no, 0 when it opens none. */
  readonly limit: number;
  readonly short: number;
  readonly long: number;
  readonly urgent: number;
  /** Of the long ones, those that are lent or ended when they are idle. */
  readonly lendable: number;
  /** The keys of those that are idle now. */
  readonly idle: readonly string[];
  /** Whether it waits before it asks the server again. */
  readonly isPaused: boolean;
}

export interface SchedulerState {
  readonly connections: readonly ConnectionLoad[];
  /** In the order in which they came. */
  readonly waiters: readonly SessionRequest[];
  readonly isConnecting: boolean;
  /** How many further connections the waiters are due: they have waited long enough. */
  readonly dueConnections: number;
}

/** What the scheduler does next; waiters, connections and idle sessions by their index. */
export type Action =
  | { readonly do: "open"; readonly waiter: number; readonly connection: number }
  | { readonly do: "lend"; readonly waiter: number; readonly connection: number; readonly idle: number }
  /** Closes the first idle session, so that its place becomes free. */
  | { readonly do: "end-idle"; readonly connection: number }
  | { readonly do: "connect"; readonly cause: string; readonly isDue: boolean }
  /** No further connection may be opened, and the waiters are due one. */
  | { readonly do: "report-exhausted" }
  /** The server opens no sessions: waiters fail. */
  | { readonly do: "refuse" }
  /** `patienceMs`: after so long without progress a further connection is due; undefined: something else comes first. */
  | { readonly do: "wait"; readonly patienceMs?: number };

/** Upper bound on connections opened for queued sessions: each is a process of the server, of about 2 MB. */
export const maxConnections = 32;

/** A long-lived session gets another connection when no slot became free for this long. */
export const patienceMs = 1000;
/** Short commands hold the slots, which are soon free most of the time. */
const patienceForShortMs = 3000;

/** Decides what is to be done for those who wait. */
export function decide(state: SchedulerState): Action {
  const { connections, waiters } = state;
  const wait = { do: "wait" } as const;
  if (waiters.length === 0) return wait;
  const served = chooseSession(connections, waiters) ?? chooseLoan(connections, waiters);
  if (served !== undefined) return served;
  const isFull = connections.length >= maxConnections;
  if (state.dueConnections > 0 && !state.isConnecting)
    return isFull ? { do: "report-exhausted" } : { do: "connect", cause: "no session became free", isDue: true };
  if (connections.some(({ isPaused }) => isPaused)) return wait;
  const idle = connections.findIndex((connection) => connection.idle.length > 0);
  if (idle !== -1) return { do: "end-idle", connection: idle };
  const connect = (cause: string): Action =>
    isFull || state.isConnecting ? wait : { do: "connect", cause, isDue: false };
  const lifetimes = new Set(waiters.map(({ lifetime }) => lifetime));
  if (connections.length === 0) return connect("the first call");
  // One such connection may be full of processes that outlived their channels; two are the server's will.
  if (connections.filter(refusesSessions).length > 1) return { do: "refuse" };
  if (lifetimes.has("urgent")) return connect("a process that holds a session must be ended");
  if (isStarved(connections, lifetimes)) return connect("processes that last hold every session");
  const isLong = lifetimes.has("long") || allSlotsLongLived(connections);
  return { do: "wait", patienceMs: isLong ? patienceMs : patienceForShortMs };
}

/** Whether the server refused sessions on this connection though it held none. */
export function refusesSessions({ limit }: ConnectionLoad): boolean {
  return limit === 0;
}

function chooseSession(connections: readonly ConnectionLoad[], waiters: readonly SessionRequest[]): Action | undefined {
  for (const [waiter, { lifetime }] of waiters.entries()) {
    const connection = chooseConnection(connections, lifetime);
    if (connection !== undefined) return { do: "open", waiter, connection };
  }
  return undefined;
}

/** Long-lived sessions never take the last free slot, on any connection; it is reserved for short commands. */
function chooseConnection(connections: readonly ConnectionLoad[], lifetime: Lifetime): number | undefined {
  const capacity = sum(connections.map(freeableSlots));
  if (lifetime === "long" && sum(connections.map(({ long }) => long)) + 1 >= capacity) return undefined;
  const index = connections.findIndex((connection) => heldSlots(connection) < freeableSlots(connection));
  return index === -1 ? undefined : index;
}

function chooseLoan(connections: readonly ConnectionLoad[], waiters: readonly SessionRequest[]): Action | undefined {
  if (mustYieldSlot(connections, waiters)) return undefined;
  for (const [waiter, { lendKey }] of waiters.entries()) {
    if (lendKey === undefined) continue;
    for (const [connection, load] of connections.entries()) {
      const idle = load.idle.indexOf(lendKey);
      if (idle !== -1) return { do: "lend", waiter, connection, idle };
    }
  }
  return undefined;
}

/** Whether short commands wait, and long-lived sessions have taken the slot that is reserved for them. */
function mustYieldSlot(connections: readonly ConnectionLoad[], waiters: readonly SessionRequest[]): boolean {
  if (connections.some(({ isPaused }) => isPaused) || !allSlotsLongLived(connections)) return false;
  return waiters.some(({ lifetime }) => lifetime !== "long");
}

/** Whether long-lived sessions hold every slot, the reserved one too: they came before the limit was known. */
function allSlotsLongLived(connections: readonly ConnectionLoad[]): boolean {
  return connections.every(({ short, long, urgent, limit }) => short + urgent === 0 && long >= limit);
}

/**
 * Whether waiting is in vain: long-lived sessions that cannot be lent hold every slot, or the only slot there is would
 * have to serve both them and others.
 */
function isStarved(connections: readonly ConnectionLoad[], waiting: ReadonlySet<Lifetime>): boolean {
  const isOneSlot = sum(connections.map(({ limit }) => limit)) <= 1;
  if (waiting.has("long") && isOneSlot) return true;
  const isVain = isOneSlot || connections.every(({ lendable }) => lendable === 0);
  return waiting.has("short") && allSlotsLongLived(connections) && isVain;
}

function heldSlots({ short, long, urgent }: ConnectionLoad): number {
  return short + long + urgent;
}

function freeableSlots({ limit, isPaused }: ConnectionLoad): number {
  return isPaused ? 0 : limit;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
