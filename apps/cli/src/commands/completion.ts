import { isPrintable } from "@otto/errors";
import type { Command } from "commander";
import { answer } from "../completion/answers.js";
import { quoteWord, unquoteWord } from "../completion/bash-word.js";
import { type Candidate, type Question, readQuestion } from "../completion/question.js";
import { scripts } from "../completion/scripts.js";
import type { Shell } from "../completion/shells.js";
import { exitCodes } from "../exit-code.js";
import type { Outcome } from "../outcome.js";
import { describeError } from "../output/error-text.js";
import type { Session } from "../session.js";

export interface CompletionFlags {
  readonly shell: Shell;
  readonly words: readonly string[];
  readonly program: Command;
}

/** `otto completion`: a shell's script, or the answers for a line. */
export async function completion(session: Session, { shell, words, program }: CompletionFlags): Promise<Outcome> {
  const { reporter } = session;
  if (words.length === 0) {
    reporter.item(scripts[shell].trimEnd(), { type: "script", shell, content: scripts[shell] });
    return { exitCode: exitCodes.done };
  }
  const isBash = shell === "bash";
  const question = readQuestion(program, isBash ? words.map(unquoteWord) : words);
  for (const { value, description = "" } of await answersOf(session, question)) {
    const text = isBash ? quoteWord(value, words.at(-1) ?? "") : value;
    // Whoever has a line break or another control character in a name has no completion of it.
    if (text === undefined || !isPrintable(value)) continue;
    const isDescribed = !isBash && description !== "";
    reporter.item(isDescribed ? `${text}\t${description.replaceAll(/\s+/g, " ")}` : text, {
      type: "candidate",
      value,
      description,
    });
  }
  return { exitCode: exitCodes.done };
}

/** Nobody reads an error at a key: what cannot be found out has no answers. */
async function answersOf(session: Session, question: Question): Promise<readonly Candidate[]> {
  try {
    return await answer(session, question);
  } catch (error) {
    session.reporter.notice("debug", describeError(error).message);
    return [];
  }
}
