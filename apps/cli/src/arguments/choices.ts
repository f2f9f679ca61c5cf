import { nearestWord } from "@otto/errors";
import { type Argument, InvalidArgumentError, type Option } from "commander";

/** Lets an argument or option be one of these words alone; another is answered with all of them and the nearest. */
export function addChoices<Of extends Argument | Option>(of: Of, choices: readonly string[]): Of {
  const parse = (word: string) => {
    if (choices.includes(word)) return word;
    const near = nearestWord(word, choices);
    // As commander writes what is near to a wrong command.
    const suggestion = near === undefined ? "" : `\n(Did you mean ${near}?)`;
    throw new InvalidArgumentError(`Allowed choices are ${choices.join(", ")}.${suggestion}`);
  };
  of.choices(choices);
  of.argParser(parse);
  return of;
}
