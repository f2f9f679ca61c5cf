import { startTimer } from "@otto/errors";

/** A parent that is asked whether it is there has this long to say anything at all. */
const silenceMs = 5000;

/** Tells that a parent is silent, sooner than a keepalive would, to who gave up and waits only for things to be tidy. */
export interface SilenceWatch extends Disposable {
  /** Something came from the parent. */
  hear(): void;
  /** Rejects with the signal's reason when the parent is silent after the abort. */
  readonly found: Promise<never>;
  readonly isFound: boolean;
}

/**
 * @param signal begins the watch when it fires
 * @param probe has the parent say something
 */
export function watchSilence(signal: AbortSignal | undefined, probe: () => void): SilenceWatch {
  let timer: NodeJS.Timeout | undefined;
  let isHeard = false;
  let isFound = false;
  let tell = () => {};
  const found = new Promise<never>((_, reject) => {
    tell = () => {
      isFound = true;
      reject(signal?.reason as Error);
    };
  });
  found.catch(() => {});
  const listen = () => {
    isHeard = false;
    probe();
    // What came while this process had no time for it is read first.
    timer = startTimer(() => setImmediate(() => (isHeard ? listen() : tell())), silenceMs);
  };
  if (signal?.aborted) listen();
  else signal?.addEventListener("abort", listen, { once: true });
  return {
    hear: () => {
      isHeard = true;
    },
    found,
    get isFound() {
      return isFound;
    },
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", listen);
    },
  };
}
