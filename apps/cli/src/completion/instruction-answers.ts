import type { Repo } from "@otto/config";
import { type OptionOutline, optionFlag, outlineInstructions } from "@otto/instructions";
import type { Candidate, Question } from "./question.js";

/** The instructions of the repos. */
export async function answerInstructions(repos: readonly Repo[]): Promise<readonly Candidate[]> {
  return (await outlineInstructions(repos)).map(({ name, description }) => ({ value: name, description }));
}

/** The options of the instruction on the line, or the values of one of them. */
export async function answerInstructionOptions(
  repos: readonly Repo[],
  question: Question,
): Promise<readonly Candidate[]> {
  const { typed, before } = question;
  if (!typed.startsWith("-") && before.at(-1)?.startsWith("--") !== true) return [];
  const chosen = (await outlineInstructions(repos)).find(({ name }) => name === before[0]);
  return completeOptions(chosen?.options ?? [], question);
}

/** What could stand behind an instruction's name. @param before the words on the line, that name the first of them */
export function completeOptions(
  options: readonly OptionOutline[],
  { typed, before }: Pick<Question, "typed" | "before">,
): readonly Candidate[] {
  const awaiting = findAwaiting(options, before.slice(1));
  if (awaiting !== undefined) return awaiting.choices.map((value) => ({ value }));
  if (!typed.startsWith("-")) return [];
  const withValues = options.find((option) => typed.startsWith(`${flagOf(option)}=`));
  if (withValues !== undefined) return withValues.choices.map((value) => ({ value: `${flagOf(withValues)}=${value}` }));
  return [...options.flatMap(flagsOf), { value: "--help", description: "show help" }];
}

/** The option whose value the next word is. */
function findAwaiting(options: readonly OptionOutline[], words: readonly string[]): OptionOutline | undefined {
  let awaiting: OptionOutline | undefined;
  for (const word of words) {
    const isValue = awaiting !== undefined;
    awaiting = isValue ? undefined : options.find((option) => option.type !== "boolean" && flagOf(option) === word);
  }
  return awaiting;
}

function flagsOf(option: OptionOutline): readonly Candidate[] {
  const off = option.isOn ? [{ value: `--no-${optionFlag(option.name)}` }] : [];
  return [{ value: flagOf(option) }, ...off];
}

function flagOf({ name }: OptionOutline): string {
  return `--${optionFlag(name)}`;
}
