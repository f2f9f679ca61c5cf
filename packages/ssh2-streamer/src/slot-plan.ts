/** How long a channel is expected to hold its session; `urgent`: short, and what it does makes room for others. */
export type Lifetime = "short" | "long" | "urgent";

/** One connection as the plan sees it: its limit (Infinity until the server said no) and the sessions it holds. */
export interface SlotHolder {
  readonly limit: number;
  readonly short: number;
  readonly long: number;
  readonly urgent: number;
}

/**
 * Which connection a session is to be opened on; undefined: none now.
 *
 * Sessions of unknown end leave one place, on any connection, to those that end soon.
 */
export function chooseHolder(holders: readonly SlotHolder[], lifetime: Lifetime): number | undefined {
  const capacity = sum(holders.map((holder) => holder.limit));
  if (lifetime === "long" && sum(holders.map((holder) => holder.long)) + 1 >= capacity) return undefined;
  const index = holders.findIndex((holder) => holder.short + holder.long + holder.urgent < holder.limit);
  return index === -1 ? undefined : index;
}

/**
 * Whether waiting is in vain: every place is held by a session of unknown end, or one of unknown end waits and the
 * only place there is has to stay for others.
 */
export function isStuck(holders: readonly SlotHolder[], waiting: ReadonlySet<Lifetime>): boolean {
  if (
    waiting.has("short") &&
    holders.every((holder) => holder.short + holder.urgent === 0 && holder.long >= holder.limit)
  ) {
    return true;
  }
  return waiting.has("long") && sum(holders.map((holder) => holder.limit)) <= 1;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
