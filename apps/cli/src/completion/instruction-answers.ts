import type { Repo } from "@otto/config";
import { type InstructionOutline, optionFlag, outlineInstructions } from "@otto/instructions";
import type { Candidate, Question } from "./question.js";

/** The instructions of the repos. */
export async function answerInstructions(repos: readonly Repo[]): Promise<readonly Candidate[]> {
  return (await outlineInstructions(repos)).map(({ name, description }) => ({ value: name, description }));
}

/** The options of the instruction on the line: their names alone, for of their values little is known. */
export async function answerInstructionOptions(
  repos: readonly Repo[],
  { typed, before }: Question,
): Promise<readonly Candidate[]> {
  if (!typed.startsWith("-")) return [];
  const chosen = (await outlineInstructions(repos)).find(({ name }) => name === before[0]);
  return [...flagsOf(chosen), { value: "--help", description: "show help" }];
}

function flagsOf(outline: InstructionOutline | undefined): readonly Candidate[] {
  return (outline?.options ?? []).map((name) => ({ value: `--${optionFlag(name)}` }));
}
