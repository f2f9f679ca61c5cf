/** A listener that cannot harm who tells it. */
export interface GuardedListener<E> {
  /** Tells the listener; never throws. */
  readonly tell: (event: E) => void;
  /** Throws what the listener threw first, if anything. */
  readonly throwFailure: () => void;
}

/** Guards what has events to tell, and an end of its own where it may say that a listener failed. */
export function guardListener<E>(listener: ((event: E) => void) | undefined): GuardedListener<E> {
  let failure: { readonly error: unknown } | undefined;
  return {
    tell: (event) => {
      try {
        listener?.(event);
      } catch (error) {
        failure ??= { error };
      }
    },
    throwFailure: () => {
      if (failure !== undefined) throw failure.error;
    },
  };
}

/**
 * Runs work that tells a listener. What the listener throws changes nothing of the work: it is thrown once that is done,
 * and well.
 */
export async function withListener<E, T>(
  listener: ((event: E) => void) | undefined,
  work: (tell: (event: E) => void) => Promise<T>,
): Promise<T> {
  const guarded = guardListener(listener);
  const result = await work(guarded.tell);
  guarded.throwFailure();
  return result;
}
