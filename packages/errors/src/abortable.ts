/**
 * Waits for work that others may wait for too: an abort ends this wait, not the work.
 * @param onLate takes what the work gives after the abort, to which nobody else would see
 * @throws the signal's reason after an abort; what the work throws
 */
export function abortable<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
  onLate: (late: T) => void = () => {},
): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    let take: (result: T) => void = resolve;
    const onAbort = () => {
      take = onLate;
      reject(signal.reason as Error);
    };
    const forget = () => signal.removeEventListener("abort", onAbort);
    signal.addEventListener("abort", onAbort);
    work.then(
      (result) => {
        forget();
        take(result);
      },
      (error: unknown) => {
        forget();
        reject(error as Error);
      },
    );
    if (signal.aborted) onAbort();
  });
}
