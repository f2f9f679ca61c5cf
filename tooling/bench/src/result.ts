import type { Spread } from "./statistics.js";

/** What `--json` writes and `results.json` keeps: the newest run of each area. */
export type Results = Readonly<Record<string, AreaResult>>;

export interface AreaResult {
  readonly run: RunFacts;
  readonly rows: readonly RowResult[];
}

/** When and on what an area was measured. */
export interface RunFacts {
  readonly date: string;
  readonly command: string;
  /** Of rows that are not heavy. */
  readonly rounds: number;
  readonly machine: string;
  /** Of the last minute, as the run began. */
  readonly load: number;
  readonly versions: Readonly<Record<string, string>>;
}

export interface RowResult {
  readonly what: string;
  /** Absent: nothing goes over a link. */
  readonly link?: string;
  readonly rounds: number;
  readonly ours: Figures | Failed;
  readonly theirs: readonly Reference[];
}

export interface Reference {
  readonly name: string;
  readonly figures: Figures | Failed;
  /** Ours divided by theirs; absent where one of them failed. */
  readonly ratio?: Spread;
}

export interface Failed {
  readonly failed: string;
}

/** Counts are the median of the rounds. Absent: it was not counted, or there is no link. */
export interface Figures {
  readonly ms: Spread;
  readonly upBytes?: number;
  readonly downBytes?: number;
  readonly handshakes?: number;
  /** Only where the link has a delay. */
  readonly roundTrips?: number;
  /** Of them those that the connection itself did not need. */
  readonly tripsAfterHandshake?: number;
  /** The largest sum of what its processes held. */
  readonly peakBytes?: number;
  /** The largest number of files that its processes had open. */
  readonly openFiles?: number;
}

export function isFailed(figures: Figures | Failed): figures is Failed {
  return "failed" in figures;
}
