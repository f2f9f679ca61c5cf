import type { Outcome } from "../verb.js";

/** A `compareAll` that takes one input after another. */
export function oneByOne<Input>(
  compare: (input: Input) => Promise<Outcome>,
): (inputs: readonly Input[]) => Promise<Outcome[]> {
  return async (inputs) => {
    const outcomes: Outcome[] = [];
    for (const input of inputs) outcomes.push(await compare(input));
    return outcomes;
  };
}
