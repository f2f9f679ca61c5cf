import {
  describeOption,
  type FoundInstruction,
  type GivenOptions,
  type InstructionOption,
  optionFlag,
} from "@otto/instructions";
import { Command, CommanderError, Option } from "commander";
import { collect } from "./option.js";
import { toUsageError } from "./usage-error.js";

/** What the words behind an instruction's name come to. */
export type InstructionArguments = { readonly given: GivenOptions } | { readonly help: string };

/**
 * Splits the words behind an instruction's name into its options, as text; the values are checked when it runs.
 * @throws `CLI_USAGE`
 */
export function readInstructionArguments(
  { name, instruction }: Pick<FoundInstruction, "name" | "instruction">,
  words: readonly string[],
): InstructionArguments {
  let help = "";
  const command = new Command(name)
    .description(instruction.description)
    .configureHelp({ commandUsage: () => `otto run ${name} [options]` })
    .helpOption("-h, --help", "show help")
    .configureOutput({ writeOut: (text) => (help += text), writeErr: () => {} })
    .exitOverride();
  for (const [option, definition] of Object.entries(instruction.options)) {
    for (const flag of toFlags(option, definition)) command.addOption(flag);
  }
  try {
    command.parse(words, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.helpDisplayed") return { help };
    throw toUsageError(error, `See otto run ${name} --help.`);
  }
  return { given: command.opts() };
}

function toFlags(name: string, option: InstructionOption): Option[] {
  const flag = optionFlag(name);
  const description = [option.description, ...notes(option)].filter((part) => part !== undefined).join(" ");
  if (option.type === "boolean") {
    return option.default === true
      ? [new Option(`--${flag}`, description).default(true), new Option(`--no-${flag}`)]
      : [new Option(`--${flag}`, description)];
  }
  const made = new Option(`--${flag} <${describeOption(option)}>`, description);
  return [option.multiple === true ? made.argParser(collect) : made];
}

function notes(option: InstructionOption): string[] {
  if (option.type === "boolean") return [];
  return [
    ...(option.default === undefined ? [] : [`(default: ${option.default})`]),
    ...(option.required === true ? ["(required)"] : []),
    ...(option.multiple === true ? ["(may be repeated)"] : []),
  ];
}
