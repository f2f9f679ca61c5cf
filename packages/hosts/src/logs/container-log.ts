import type { Engine, LogRange } from "@otto/engine";
import { isOttoError } from "@otto/errors";
import { joinLines, type LogLine } from "./log-line.js";
import { LogPosition, toEngineTime } from "./log-position.js";
import { createRetryPolicy } from "./retry-policy.js";

/** What a reader of logs works with. */
export interface LogReading {
  readonly engine: Engine;
  /** Seconds since 1970; undefined: from the beginning. */
  readonly since: string | undefined;
  /** The same; undefined: to the end. */
  readonly until: string | undefined;
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

/** One container's log, read on after each interruption where it was left, as many lines at a time as have come. Not for two readers at once. */
export class ContainerLog {
  readonly id: string;
  readonly #position = new LogPosition();
  #tty: boolean | undefined;

  constructor(id: string) {
    this.id = id;
  }

  /** What is there now. @param tail only so many of the last lines; 0: none, `follow` then gives what comes after them */
  async *history(reading: LogReading, tail?: number): AsyncGenerator<LogLine[]> {
    for await (const lines of this.#read(reading, { tail: tail === 0 ? 1 : tail })) {
      if (tail !== 0) yield lines;
    }
  }

  /** What has not been read yet, and what comes until the container's run ends. */
  follow(reading: LogReading): AsyncGenerator<LogLine[]> {
    return this.#read(reading, { follow: true });
  }

  async *#read(reading: LogReading, range: LogRange): AsyncGenerator<LogLine[]> {
    const retry = createRetryPolicy(reading.patienceMs, reading.signal);
    for (;;) {
      try {
        for await (const lines of this.#open(reading, range)) {
          retry.reset();
          const fresh = lines.filter((line) => this.#position.pass(line));
          if (fresh.length > 0) yield fresh;
        }
        return;
      } catch (error) {
        if (isGone(error)) return;
        await retry.delay(error);
      }
    }
  }

  async *#open({ engine, since, until, signal }: LogReading, range: LogRange): AsyncGenerator<LogLine[]> {
    if (this.#tty === undefined) {
      const details = await engine.inspectContainer(this.id, signal);
      if (details === undefined) return;
      this.#tty = details.Config.Tty;
    }
    const from = this.#position.resume();
    const start = from === undefined ? { ...range, since } : { follow: range.follow, since: toEngineTime(from) };
    const rest = { ...start, until };
    yield* joinLines(engine.readLog({ id: this.id, tty: this.#tty }, rest, signal));
  }
}

/** The container was removed, or is about to be. */
function isGone(error: unknown): boolean {
  if (!isOttoError(error, "ENGINE_REQUEST_FAILED")) return false;
  return error.details?.status === 404 || error.details?.status === 409;
}
