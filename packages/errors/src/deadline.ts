import { setMaxListeners } from "node:events";
import { stallMs } from "./running-clock.js";

/** Milliseconds. Node fires a timer that is set to more after 1 ms. */
export const longestTimerMs = 2 ** 31 - 1;

/** As `setTimeout`, with a time above 24.8 days shortened to that. */
export function startTimer(run: () => void, delayMs: number): NodeJS.Timeout {
  return setTimeout(run, Math.min(delayMs, longestTimerMs));
}

/** Whether something happens within a time; a rejection before its end is thrown. */
export async function isWithin(happened: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = startTimer(() => resolve(false), timeoutMs);
  });
  try {
    return await Promise.race([happened.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Aborts with the first of the signals that does. `undefined` stands for a signal that never does; of one signal nothing
 * is made. A time limit beside a signal is a {@link Deadline}.
 */
export function anySignal(first: AbortSignal, ...others: readonly (AbortSignal | undefined)[]): AbortSignal;
export function anySignal(...signals: readonly (AbortSignal | undefined)[]): AbortSignal | undefined;
export function anySignal(...signals: readonly (AbortSignal | undefined)[]): AbortSignal | undefined {
  const given = signals.filter((signal) => signal !== undefined);
  return given.length > 1 ? AbortSignal.any(given) : given[0];
}

/** The same signal for many calls at once: of one with more than ten listeners, Node warns. */
export function shareSignal(signal: AbortSignal | undefined): AbortSignal | undefined {
  if (signal === undefined) return undefined;
  const shared = anySignal(new AbortController().signal, signal);
  setMaxListeners(0, shared);
  return shared;
}

/**
 * A time limit beside the caller's own signal. It counts the time in which this process runs: one that was stopped, or whose
 * event loop was blocked, could not hear what had come in time. Disposed, it has no timer and no listener.
 */
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

const leastPartMs = 500;

/**
 * The timer holds the signal: what `AbortSignal.timeout` gives to `AbortSignal.any` may be collected as garbage on Node 20,
 * and never fires then.
 * @param timeoutMs milliseconds from its start; `Infinity` for none
 * @param signal the caller's own
 * @param reasonOf makes the reason of an abort that the time causes; default: a `TimeoutError`
 */
export function createDeadline(
  timeoutMs: number,
  signal?: AbortSignal,
  reasonOf: () => unknown = timeoutError,
): Deadline {
  const ending = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let leftMs = timeoutMs;
  let passed = false;
  let isDisposed = false;
  const stop = () => {
    clearTimeout(timer);
    timer = undefined;
    leftMs = timeoutMs;
  };
  const onAbort = () => ending.abort(signal?.reason);
  const expire = () => {
    passed = !ending.signal.aborted;
    ending.abort(reasonOf());
  };
  /** Counts the time down in parts, of which one in which the process stood still counts as if it had not. */
  const countDown = (wasStill: boolean) => {
    const partMs = Math.ceil(Math.min(leftMs, Math.max(leastPartMs, leftMs / 16), longestTimerMs));
    const began = performance.now();
    timer = setTimeout(() => {
      const tookMs = performance.now() - began;
      const isStill = tookMs > partMs + stallMs;
      leftMs -= isStill ? partMs : tookMs;
      // What came meanwhile is heard first.
      if (leftMs <= 0 && isStill && !wasStill) leftMs = leastPartMs;
      if (leftMs <= 0) expire();
      else countDown(isStill);
    }, partMs);
  };
  if (signal?.aborted) onAbort();
  else signal?.addEventListener("abort", onAbort, { once: true });
  return {
    signal: ending.signal,
    get passed() {
      return passed;
    },
    start: () => {
      if (Number.isFinite(timeoutMs) && !isDisposed && timer === undefined) countDown(false);
    },
    stop,
    [Symbol.dispose]: () => {
      isDisposed = true;
      stop();
      signal?.removeEventListener("abort", onAbort);
    },
  };
}

/** A limit whose time begins now. */
export function startDeadline(...options: Parameters<typeof createDeadline>): Deadline {
  const deadline = createDeadline(...options);
  deadline.start();
  return deadline;
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
    timer = startTimer(() => over.abort(signal?.reason), graceMs());
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

function timeoutError(): DOMException {
  return new DOMException("The operation was aborted due to timeout", "TimeoutError");
}
