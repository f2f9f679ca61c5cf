/** A time limit beside the caller's own signal. */
export interface Deadline extends Disposable {
  /** Aborts when the time is over or the caller aborts. */
  readonly signal: AbortSignal;
  /** Whether the time was over first. */
  readonly passed: boolean;
}

/** @param timeoutMs milliseconds from now; `Infinity` for none */
export function startDeadline(timeoutMs: number, signal: AbortSignal | undefined): Deadline {
  const timeout = new AbortController();
  const timer = Number.isFinite(timeoutMs) ? setTimeout(() => timeout.abort(), timeoutMs) : undefined;
  return {
    signal: signal === undefined ? timeout.signal : AbortSignal.any([timeout.signal, signal]),
    get passed() {
      return timeout.signal.aborted && signal?.aborted !== true;
    },
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}
