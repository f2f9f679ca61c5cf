/** What was measured once. */
export interface Measured<Output> {
  readonly ms: number;
  readonly peakBytes?: number;
  /** The most files that its processes had open at once. */
  readonly openFiles?: number;
  /** With parents that count themselves; else the link counts. */
  readonly handshakes?: number;
  /** How many calls were made, of which `ms` is one: bytes and round trips are those of one, too. Default 1. */
  readonly calls?: number;
  readonly output: Output;
}
