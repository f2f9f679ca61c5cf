import type { Arbitrary } from "fast-check";

/** What one side made of an input: names of things that can be compared, and their values. */
export type Facts = Readonly<Record<string, string>>;

/** What otto and the reference made of the same input. */
export interface Outcome {
  readonly ours: Facts;
  readonly reference: Facts;
}

/** Something of otto that a reference program does too. */
export interface Verb<Input = unknown> {
  readonly name: string;
  /** The program that is asked. */
  readonly reference: string;
  /** Random inputs: plain JSON, so that one can be printed, repeated by its seed, and made smaller. */
  readonly inputs: Arbitrary<Input>;
  /** How many inputs {@link Bench.compareAll} is given at once. */
  readonly batch: number;
  open(): Promise<Bench<Input>>;
}

/** What a verb needs to run: containers, servers, directories. */
export interface Bench<Input = unknown> extends AsyncDisposable {
  /** Has both sides work on each input, which do not disturb each other. */
  compareAll(inputs: readonly Input[]): Promise<readonly Outcome[]>;
}

/** A fact on which the sides differ; undefined where one side has none of this name. */
export interface Difference {
  readonly fact: string;
  readonly ours: string | undefined;
  readonly reference: string | undefined;
}

export function compareFacts({ ours, reference }: Outcome): Difference[] {
  const names = [...new Set([...Object.keys(ours), ...Object.keys(reference)])].sort();
  return names
    .filter((fact) => ours[fact] !== reference[fact])
    .map((fact) => ({ fact, ours: ours[fact], reference: reference[fact] }));
}
