import type { JsonRecord, RecordPlace, Reporter } from "./reporter.js";

export interface PartReporterOptions {
  /** In each record that says what happened. */
  readonly place: RecordPlace;
  /** Before each line of something that runs, where several parts run: `pepper | `. */
  readonly prefix: string;
  /** Calls `act` when it is this part's turn to print. @returns whether that was at once */
  readonly inTurn: (act: () => void) => boolean;
  /** Programs get what happens as it happens; only results wait for their turn. */
  readonly isForPrograms: boolean;
  readonly live: Reporter["live"];
  /** Called with each error. `isHeld`: it is printed later. */
  readonly onError: (error: unknown, isHeld: boolean) => void;
}

/** The reporter of one of several parts that run at the same time. It prints progress at once, and everything else in turn. */
export function createPartReporter(base: Reporter, options: PartReporterOptions): Reporter {
  const { place, prefix, inTurn, isForPrograms, live, onError } = options;
  const atOnce = (act: () => void) => {
    act();
    return true;
  };
  const inTime = isForPrograms ? atOnce : inTurn;
  const placed = (record: JsonRecord): JsonRecord => ({ ...record, ...place });
  return {
    ...base,
    item: (text, record) => inTurn(() => base.item(text, record)),
    heading: (text) => inTurn(() => base.heading(text)),
    bytes: (stream, bytes) => inTurn(() => base.bytes(stream, bytes)),
    summary: (text, record) => inTime(() => base.summary(text, record)),
    notice: (level, text, record = { type: "notice", level, text }) =>
      inTime(() => base.notice(level, text, placed(record))),
    error: (error) => {
      const isTold = inTime(() => base.error(error, isForPrograms || prefix !== "" ? place : undefined));
      onError(error, !isTold);
    },
    event: (record) => base.event(placed(record)),
    progress: (text) => base.progress(`${prefix}${text}`),
    live,
  };
}
