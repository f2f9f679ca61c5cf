/** How long a channel is expected to hold its session; `urgent`: short, and what it does makes room for others. */
export type Lifetime = "short" | "long" | "urgent";

/** One connection as the plan sees it: its limit (Infinity until the server said no) and the sessions it holds. */
export interface SlotHolder {
  readonly limit: number;
  readonly short: number;
  readonly long: number;
  readonly urgent: number;
  /** Of the long ones, those that give their session up when they are idle. */
  readonly yielding: number;
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

/** Whether sessions of unknown end hold every place, the one that they are to leave too: they came before the limit was known. */
export function isHeld(holders: readonly SlotHolder[]): boolean {
  return holders.every((holder) => holder.short + holder.urgent === 0 && holder.long >= holder.limit);
}

/**
 * Whether waiting is in vain: every place is held by a session of unknown end and none of them yields, or the only place
 * there is would have to serve both those that last and others.
 */
export function isStuck(holders: readonly SlotHolder[], waiting: ReadonlySet<Lifetime>): boolean {
  const isOnePlace = sum(holders.map((holder) => holder.limit)) <= 1;
  if (waiting.has("long") && isOnePlace) return true;
  const isVain = isOnePlace || holders.every((holder) => holder.yielding === 0);
  return waiting.has("short") && isHeld(holders) && isVain;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
