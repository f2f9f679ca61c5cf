import { setTimeout } from "node:timers/promises";

/** Calls one after the other. */
export interface Calls {
  readonly count: number;
  /** Before each, in milliseconds. */
  readonly pauseMs: number;
}

/** The numbers of the calls, each after its pause. */
export async function* inTurn({ count, pauseMs }: Calls): AsyncIterable<number> {
  for (let index = 0; index < count; index += 1) {
    if (pauseMs > 0) await setTimeout(pauseMs);
    yield index;
  }
}
