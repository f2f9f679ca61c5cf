/** A time limit beside the caller's own signal. */
export interface Deadline extends Disposable {
  /** Aborts when the time is over or the caller aborts. */
  readonly signal: AbortSignal;
  /** Whether the time was over first. */
  readonly passed: boolean;
  /** The time begins, unless it has. */
  start(): void;
  /** The time does not count any more, until it begins anew. */
  stop(): void;
}

/** A signal that follows another one after a time. */
export interface Grace extends Disposable {
  readonly signal: AbortSignal;
}

/** @param graceMs tells, at the abort, the milliseconds from there to that of the grace's own signal, with the same reason */
export function startGrace(graceMs: () => number, signal: AbortSignal | undefined): Grace {
  const over = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const onAbort = () => {
    timer = setTimeout(() => over.abort(signal?.reason), graceMs());
  };
  if (signal?.aborted) onAbort();
  else signal?.addEventListener("abort", onAbort, { once: true });
  return {
    signal: over.signal,
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    },
  };
}

/** @param timeoutMs milliseconds from its start; `Infinity` for none */
export function createDeadline(timeoutMs: number, signal: AbortSignal | undefined): Deadline {
  const timeout = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const stop = () => {
    clearTimeout(timer);
    timer = undefined;
  };
  return {
    signal: signal === undefined ? timeout.signal : AbortSignal.any([timeout.signal, signal]),
    get passed() {
      return timeout.signal.aborted && signal?.aborted !== true;
    },
    start: () => {
      if (Number.isFinite(timeoutMs)) timer ??= setTimeout(() => timeout.abort(), timeoutMs);
    },
    stop,
    [Symbol.dispose]: stop,
  };
}

/** A limit whose time begins now. */
export function startDeadline(timeoutMs: number, signal: AbortSignal | undefined): Deadline {
  const deadline = createDeadline(timeoutMs, signal);
  deadline.start();
  return deadline;
}
