import type { AuthAttempt } from "./auth-attempt.js";

/** An attempt, and what the server said to it. */
export interface Standing {
  readonly attempt: AuthAttempt;
  /** How often it was refused since the server last accepted one. */
  readonly refusals: number;
  /** How often it was made. */
  readonly count: number;
  /** Whether the server accepted it, and wanted more: it is not made again, unless somebody answers it anew. */
  readonly isAccepted: boolean;
}

export function startOf(attempt: AuthAttempt): Standing {
  return { attempt, refusals: 0, count: 0, isAccepted: false };
}

/**
 * The next attempt in order that can be made, that the server takes now and has not refused.
 * @param methods that the server takes; undefined before it answered
 */
export function chooseAttempt(
  standings: readonly Standing[],
  methods: readonly string[] | undefined,
): Standing | undefined {
  return standings.find((standing) => {
    const { attempt, count, refusals } = standing;
    if (attempt.prepare === undefined || refusals >= attempt.tries || count >= mostCounts) return false;
    if (methods !== undefined && !methods.includes(attempt.method)) return false;
    const { publicKey } = attempt;
    const isSpent = (it: Standing) => it.isAccepted || (it !== standing && it.refusals > 0);
    return !standings.some((it) => isSpent(it) && (it === standing || isSameKey(it.attempt.publicKey, publicKey)));
  });
}

/** A server that accepts without end is not answered without end. */
const mostCounts = 10;

function isSameKey(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && one === other;
}

/**
 * What the standings are after the server's answer to one of them. Once it accepts one, those that it refused may be what it
 * wants next: OpenSSH's client offers its keys again, too.
 */
export function noteAnswer(standings: readonly Standing[], made: Standing, isPartial: boolean): readonly Standing[] {
  return standings.map((it) => {
    const isMade = it === made;
    const count = isMade ? it.count + 1 : it.count;
    if (!isPartial) return { ...it, count, refusals: isMade ? it.refusals + 1 : it.refusals };
    const isAnsweredAnew = it.attempt.method === "keyboard-interactive";
    return { ...it, count, refusals: 0, isAccepted: it.isAccepted || (isMade && !isAnsweredAnew) };
  });
}
