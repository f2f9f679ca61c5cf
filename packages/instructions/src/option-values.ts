import { nearestWord, OttoError } from "@otto/errors";
import { describeOption, type InstructionOption, type InstructionOptions, isValue, optionFlag } from "./option.js";

/** Option values as a caller has them: of the option's type, or text from a command line. */
export type GivenOptions = Readonly<Record<string, unknown>>;

/**
 * The values of an instruction's options: what is given, checked and with text read as the option's type, and the
 * defaults. Pure.
 * @param instruction its name, for messages
 * @throws OttoError `INSTRUCTION_OPTION_UNKNOWN`, `INSTRUCTION_OPTION_INVALID`, `INSTRUCTION_OPTION_MISSING`
 */
export function readOptionValues(
  instruction: string,
  options: InstructionOptions,
  given: GivenOptions,
): Record<string, unknown> {
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined && !Object.hasOwn(options, name)) throw unknown(instruction, options, name);
  }
  const values = Object.entries(options).map(([name, option]) => {
    return [
      name,
      readValue({ instruction, name, option }, Object.hasOwn(given, name) ? given[name] : undefined),
    ] as const;
  });
  return Object.fromEntries(values);
}

interface Place {
  readonly instruction: string;
  readonly name: string;
  readonly option: InstructionOption;
}

function readValue(place: Place, given: unknown): unknown {
  const { option } = place;
  if (given === undefined) return absentValue(place);
  if (option.type === "boolean" || option.multiple !== true) return readScalar(place, given);
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  return list.map((value) => readScalar(place, value));
}

function absentValue({ instruction, name, option }: Place): unknown {
  if (option.type === "boolean") return option.default ?? false;
  if (option.default !== undefined) return option.multiple === true ? [option.default] : option.default;
  if (option.required === true) {
    throw new OttoError("INSTRUCTION_OPTION_MISSING", `running ${instruction}: the option ${name} is missing`, {
      hint: `Give it: --${optionFlag(name)} <${describeOption(option)}>`,
      details: { instruction, option: name },
    });
  }
  return option.multiple === true ? [] : undefined;
}

function readScalar({ instruction, name, option }: Place, given: unknown): unknown {
  const isText = option.type === "number" && typeof given === "string" && given.trim() !== "";
  const value = isText ? Number(given) : given;
  if (isValue(option, value)) return value;
  const near = option.type === "string" ? nearestWord(String(given), option.choices ?? []) : undefined;
  throw new OttoError(
    "INSTRUCTION_OPTION_INVALID",
    `running ${instruction}: ${JSON.stringify(given)} is no value of the option ${name}`,
    {
      hint: `${near === undefined ? "" : `Did you mean ${near}? `}It takes: ${describeOption(option)}.`,
      details: { instruction, option: name },
    },
  );
}

function unknown(instruction: string, options: InstructionOptions, name: string): OttoError {
  const known = Object.keys(options);
  const near = nearestWord(name, known);
  const flags = known.map((option) => `--${optionFlag(option)}`).join(", ");
  return new OttoError("INSTRUCTION_OPTION_UNKNOWN", `running ${instruction}: it has no option ${name}`, {
    hint: `${near === undefined ? "" : `Did you mean --${optionFlag(near)}? `}${flags === "" ? "It takes none." : `It takes: ${flags}.`}`,
    details: { instruction, option: name, known },
  });
}
