/** Steps from the root of a document to a value. */
export type KeyPath = readonly PropertyKey[];

/** `plain`: JavaScript's; `exact`: whole numbers are `bigint`, so that `1.0` stays told apart from `1`. JSON is always plain. */
export type Numbers = "plain" | "exact";

/** A parsed text: plain data, and where its keys stand. */
export interface ParsedText {
  readonly data: unknown;
  /** The line, from 1, of the deepest part of `path` that exists; `undefined` where the parser keeps no positions. */
  lineOf(path: KeyPath): number | undefined;
}
