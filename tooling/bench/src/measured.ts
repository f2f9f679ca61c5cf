/** What was measured once. */
export interface Measured<Output> {
  readonly ms: number;
  readonly peakBytes?: number;
  /** How many calls were made, of which `ms` is one: bytes and round trips are those of one, too. Default 1. */
  readonly calls?: number;
  readonly output: Output;
}
