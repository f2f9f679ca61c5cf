/** One piece of work at a time, which all who ask meanwhile wait for together; called off when none of them waits any more. */
export class SingleFlight<T> {
  readonly #work: (signal: AbortSignal) => Promise<T>;
  #current: { readonly result: Promise<T>; readonly abort: AbortController; waiting: number } | undefined;

  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.#work = work;
  }

  get isRunning(): boolean {
    return this.#current !== undefined;
  }

  /** The result of the work under way, else of new work. @param signal ends this caller's wait alone */
  async do(signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    this.#current ??= this.#start();
    const current = this.#current;
    current.waiting += 1;
    let leave = () => {};
    const left = new Promise<never>((_, reject) => {
      leave = () => reject(signal?.reason as Error);
    });
    signal?.addEventListener("abort", leave, { once: true });
    try {
      return await Promise.race([current.result, left]);
    } finally {
      signal?.removeEventListener("abort", leave);
      current.waiting -= 1;
      if (current.waiting === 0) {
        current.abort.abort();
        if (this.#current === current) this.#current = undefined;
      }
    }
  }

  #start() {
    const abort = new AbortController();
    const result = this.#work(abort.signal);
    // Who called it off does not wait for how it ends.
    result.catch(() => {});
    return { result, abort, waiting: 0 };
  }
}
