/** Of what was measured round by round. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** @throws RangeError for no values */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const [low] = sorted;
  const high = sorted.at(-1);
  if (low === undefined || high === undefined) throw new RangeError("nothing was measured");
  return { median: middleOf(sorted), low, high };
}

/** @throws RangeError for no values */
export function median(values: readonly number[]): number {
  return spreadOf(values).median;
}

/** Of each round's two values, so that what slowed a round slowed both of them. */
export function ratioOf(ours: readonly number[], theirs: readonly number[]): Spread {
  if (ours.length !== theirs.length) throw new RangeError(`${ours.length} rounds against ${theirs.length}`);
  return spreadOf(ours.map((value, round) => value / (theirs[round] ?? Number.NaN)));
}

function middleOf(sorted: readonly number[]): number {
  const half = sorted.length / 2;
  const middle = sorted.slice(Math.ceil(half) - 1, Math.floor(half) + 1);
  return middle.reduce((sum, value) => sum + value, 0) / middle.length;
}

/** The entries from the `round`th on, then those before it. */
export function rotate<T>(entries: readonly T[], round: number): T[] {
  const first = entries.length === 0 ? 0 : round % entries.length;
  return [...entries.slice(first), ...entries.slice(0, first)];
}
