import { setTimeout as delay } from "node:timers/promises";
import { isOttoError } from "@otto/errors";

/** What comes of a cut link or an engine that restarts, and may pass. */
const passing: ReadonlySet<string> = new Set([
  "ENGINE_UNREACHABLE",
  "ENGINE_STREAM_LOST",
  "SSH_CONNECTION_LOST",
  "SSH_CONNECT_FAILED",
  "SSH_CHANNEL_REFUSED",
  "SSH_FORWARDING_REFUSED",
]);

const firstPauseMs = 50;
const longestPauseMs = 2000;

/** Waits an interruption out, up to a limit. */
export class Patience {
  readonly #limitMs: number;
  readonly #signal: AbortSignal;
  #brokenSince: number | undefined;
  #pauseMs = firstPauseMs;

  /** @param limitMs how long nothing may work */
  constructor(limitMs: number, signal: AbortSignal) {
    this.#limitMs = limitMs;
    this.#signal = signal;
  }

  /** It works again. */
  renew(): void {
    this.#brokenSince = undefined;
    this.#pauseMs = firstPauseMs;
  }

  /** Waits before the next attempt; throws `error` when it is none that passes, or has lasted too long. */
  async wait(error: unknown): Promise<void> {
    this.#signal.throwIfAborted();
    if (!isOttoError(error) || !passing.has(error.code)) throw error;
    const now = performance.now();
    this.#brokenSince ??= now;
    if (now - this.#brokenSince >= this.#limitMs) throw error;
    await delay(this.#pauseMs, undefined, { signal: this.#signal });
    this.#pauseMs = Math.min(2 * this.#pauseMs, longestPauseMs);
  }

  /** Repeats `work` until it succeeds. */
  async overcome<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const result = await work();
        this.renew();
        return result;
      } catch (error) {
        await this.wait(error);
      }
    }
  }
}
