import { setTimeout as delay } from "node:timers/promises";

export interface RetryOptions {
  /** Whether an error is one that may pass by itself. */
  readonly mayPass: (error: unknown) => boolean;
  /**
   * Milliseconds before the next attempt; undefined: there is none.
   * @param failures how many attempts have failed before this one, in a row
   * @param failingMs for how long they have
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
  #failingSince: number | undefined;

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
    this.#failingSince = undefined;
  }

  /** Waits before the next attempt. @throws `error` when there is none; the signal's reason */
  async delay(error: unknown): Promise<void> {
    const { mayPass, pauseMs, signal, onRetry } = this.#options;
    signal.throwIfAborted();
    if (!mayPass(error)) throw error;
    const now = performance.now();
    this.#failingSince ??= now;
    const pause = pauseMs(this.#failures, now - this.#failingSince);
    if (pause === undefined) throw error;
    onRetry?.(error, this.#failures);
    this.#failures += 1;
    await delay(pause, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}
