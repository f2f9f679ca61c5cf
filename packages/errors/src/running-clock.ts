/** A timer that is so much too late says that the process stood still. */
export const stallMs = 1000;

const tickMs = 500;

/** Counts the time in which this process runs. Dispose it. */
export interface RunningClock extends Disposable {
  /** Milliseconds since the clock was started, as `performance.now()` counts; without those in which the process stood still. */
  readonly now: () => number;
}

/**
 * Starts a clock for limits that are no limits of ours while we stand still: stopped by a debugger or SIGSTOP, or with a
 * blocked event loop. Of each standstill it counts at most 1.5 s.
 */
export function startRunningClock(): RunningClock {
  let countedMs = 0;
  let at = performance.now();
  const now = () => {
    const current = performance.now();
    countedMs += Math.min(current - at, tickMs + stallMs);
    at = current;
    return countedMs;
  };
  const timer = setInterval(now, tickMs);
  timer.unref();
  return { now, [Symbol.dispose]: () => clearInterval(timer) };
}
