import { OttoError } from "@otto/errors";
import type { Command } from "commander";
import { type Answer, answerHostWord, answerOption, answerWords } from "../program/answers.js";
import { isHostGroup, takesCommand } from "../program/subcommand.js";
import { isHelp, LineReader } from "./line-reader.js";

/**
 * Rearranges a command line into the one order that commander reads: options of all commands, the whole name of the
 * command (`up` is `docker up`, `host ID VERB` is `host VERB ID`), its options, its words. Behind the first word of a
 * command that runs elsewhere, all is that command's. Words that mean a command (`ssh web`, `help up`) become that command.
 *
 * @throws `CLI_USAGE` with what to type instead, for words and options of docker's that otto does not have
 */
export function arrangeLine(program: Command, argv: readonly string[]): readonly string[] {
  const reader = new LineReader(program);
  for (const word of argv) reader.read(word);
  const { command, host, globals, rest, words, stray } = reader;
  const name = namesOf(command);
  const isHelpOfHost = host === "help" && words.length === 0;
  if (isHelpOfHost) return [...globals, ...name, ...rest, "--help"];
  const target = host === undefined ? [] : [host];
  if (takesCommand(command)) return [...globals, ...name, ...rest, "--", ...target, ...words];
  if (command.commands.length === 0) return [...globals, ...name, ...target, ...rest];
  const instead = stray === undefined ? undefined : answerOption(name.join(" "), stray);
  if (instead !== undefined) throw wrongUse(`unknown option '${stray}'`, instead);
  const [word] = words;
  if (word === undefined) return [...globals, ...name, ...target, ...rest];
  if (word === "help") return arrangeLine(program, [...globals, ...name, ...without(rest, ["help"]), "--help"]);
  const found = answer(reader);
  if (found === undefined) return [...globals, ...name, ...target, ...rest.filter((it) => !isHelp(it))];
  const { runs, count } = found;
  return arrangeLine(program, [...globals, ...runs, ...without(rest, words.slice(0, count))]);
}

/** The command that words mean which are no command. */
function answer({ command, host, words, rest }: LineReader) {
  const found = isHostGroup(command) ? answerHost(host, rest) : answerWords(words.slice(0, 2));
  if (found === undefined) return undefined;
  if ("says" in found.answer)
    throw wrongUse(`unknown command '${words.slice(0, found.count).join(" ")}'`, found.answer.says);
  return { runs: found.answer.runs, count: found.count };
}

function answerHost(host: string | undefined, words: readonly string[]): { answer: Answer; count: number } | undefined {
  return host === undefined ? undefined : { answer: answerHostWord(host, words), count: 1 };
}

function wrongUse(message: string, hint: string): OttoError {
  return new OttoError("CLI_USAGE", message, { hint });
}

/** All but the first of each of these words. */
function without(rest: readonly string[], words: readonly string[]): readonly string[] {
  return words.reduce<readonly string[]>((left, word) => {
    const index = left.indexOf(word);
    return left.filter((_, at) => at !== index);
  }, rest);
}

function namesOf(command: Command): readonly string[] {
  return command.parent === null ? [] : [...namesOf(command.parent), command.name()];
}
