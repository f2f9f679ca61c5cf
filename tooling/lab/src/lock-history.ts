/** What somebody who wants a lock writes down, by one clock for all. */
export interface LockEvent {
  /** Who; one name for each time that the lock is asked for. */
  readonly who: string;
  /**
   * `ask`: before it asks; `queued`: when its place in the line is certain; `held`: when it knows that it has the lock; `release`:
   * before it begins to let go, gives up, is killed, or may lose it.
   */
  readonly what: "ask" | "queued" | "held" | "release";
  /** Milliseconds. */
  readonly at: number;
}

type Attempt = { readonly who: string } & { readonly [What in LockEvent["what"]]: number };

/**
 * What of a lock's history cannot be: two who have it at the same time, or one that overtakes another. What is only possible, as an end that
 * took a while, counts for the lock.
 * @returns one sentence each; none: it was exclusive, and first in, first out
 */
export function findLockViolations(history: readonly LockEvent[]): string[] {
  const attempts = readAttempts(history);
  const holders = attempts.filter(({ held }) => held !== never).toSorted((a, b) => a.held - b.held);
  return [
    ...holders.flatMap((holder) => overlapsOf(holder, holders)),
    ...holders.flatMap((holder) => overtakenBy(holder, attempts)),
  ];
}

const never = Number.POSITIVE_INFINITY;

function readAttempts(history: readonly LockEvent[]): Attempt[] {
  const attempts = new Map<string, Attempt>();
  for (const { who, what, at } of history) {
    const before = attempts.get(who) ?? { who, ask: never, queued: never, held: never, release: never };
    if (before[what] !== never) throw new TypeError(`${who} has two events "${what}"`);
    attempts.set(who, { ...before, [what]: at });
  }
  return [...attempts.values()];
}

/** Those that have the lock from a time on at which another has it already. */
function overlapsOf(first: Attempt, holders: readonly Attempt[]): string[] {
  const isInside = ({ held, who }: Attempt) => who !== first.who && held >= first.held && held < first.release;
  return holders.filter(isInside).map(({ who, held }) => `${who} has it at ${held}, while ${first.who} has it`);
}

/** Those that were in the line before it came and still wait when it gets the lock. */
function overtakenBy(late: Attempt, attempts: readonly Attempt[]): string[] {
  const isOvertaken = ({ queued, held, release }: Attempt) =>
    queued < late.ask && held > late.held && release > late.held;
  return attempts.filter(isOvertaken).map(({ who }) => `${late.who} has it at ${late.held}, before ${who}`);
}
