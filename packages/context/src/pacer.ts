import { setImmediate } from "node:timers/promises";

// Long enough that the pauses cost nothing, short enough that a keepalive beside the work is on time.
const sliceMs = 8;

/** Keeps synchronous work from holding the event loop. */
export interface Pacer {
  /** Whether it is time to {@link Pacer.pause}. */
  due(): boolean;
  /** Lets the event loop run. Throws the signal's reason once it is aborted. */
  pause(): Promise<void>;
}

export function createPacer(signal?: AbortSignal): Pacer {
  signal?.throwIfAborted();
  let end = performance.now() + sliceMs;
  return {
    due: () => performance.now() > end,
    async pause() {
      await setImmediate();
      signal?.throwIfAborted();
      end = performance.now() + sliceMs;
    },
  };
}
