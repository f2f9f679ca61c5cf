/** A listener whose errors do not reach its caller. */
export interface GuardedListener<E> {
  /** Calls the listener; never throws. */
  readonly tell: (event: E) => void;
  /** Throws what the listener threw first, if anything. */
  readonly throwFailure: () => void;
}

/** For a caller that emits events and has an end of its own, where it can throw the listener's error. */
export function guardListener<E>(listener: ((event: E) => void) | undefined): GuardedListener<E> {
  let failure: { readonly error: unknown } | undefined;
  const note = (error: unknown) => {
    failure ??= { error };
  };
  return {
    tell: (event) => {
      try {
        const called: unknown = listener?.(event);
        // One that is async is not waited for; its rejection must not end the process.
        if (called instanceof Promise) called.catch(note);
      } catch (error) {
        note(error);
      }
    },
    throwFailure: () => {
      if (failure !== undefined) throw failure.error;
    },
  };
}

/**
 * Runs work that calls a listener. An error of the listener does not change the work: it is thrown when the work has
 * succeeded.
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
