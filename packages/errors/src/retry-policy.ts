import { setTimeout as delay } from "node:timers/promises";
import { type RunningClock, startRunningClock } from "./running-clock.js";

export interface RetryOptions {
  /** Whether an error is one that may pass by itself. */
  readonly mayPass: (error: unknown) => boolean;
  /**
   * Milliseconds before the next attempt; undefined: there is none.
   * @param failures how many attempts have failed before this one, in a row
   * @param failingMs for how long they have, without the time in which this process stood still
   */
  readonly pauseMs: (failures: number, failingMs: number) => number | undefined;
  /** Ends the wait for the next attempt. */
  readonly signal: AbortSignal;
  /** Called before each wait. */
  readonly onRetry?: ((error: unknown, failures: number) => void) | undefined;
}

/** Tries again what failed, as long as that may help. For one piece of work at a time. */
export class RetryPolicy {
  readonly #options: RetryOptions;
  #failures = 0;
  #failing: RunningClock | undefined;

  constructor(options: RetryOptions) {
    this.#options = options;
  }

  /** Repeats `work` until it succeeds. @throws what {@link delay} throws */
  async run<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const result = await work();
        this.reset();
        return result;
      } catch (error) {
        await this.delay(error);
      }
    }
  }

  /** It works again. */
  reset(): void {
    this.#failures = 0;
    this.#failing?.[Symbol.dispose]();
    this.#failing = undefined;
  }

  /** Waits before the next attempt. @throws `error` when there is none; the signal's reason */
  async delay(error: unknown): Promise<void> {
    const { mayPass, pauseMs, signal, onRetry } = this.#options;
    try {
      signal.throwIfAborted();
      if (!mayPass(error)) throw error;
      this.#failing ??= startRunningClock();
      const pause = pauseMs(this.#failures, this.#failing.now());
      if (pause === undefined) throw error;
      onRetry?.(error, this.#failures);
      this.#failures += 1;
      await delay(pause, undefined, { signal }).catch(() => signal.throwIfAborted());
    } catch (last) {
      this.reset();
      throw last;
    }
  }
}
