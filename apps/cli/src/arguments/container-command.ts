import { quoteWord } from "@otto/errors";

// A program's name or path, as opposed to a line for a shell.
const programName = /^[\w./+@%:,-]+$/;

/** `exec`: several words are a program and its arguments; one that is no plain name is a line for the shell. */
export function toExecCommand(words: readonly string[]): string | readonly string[] {
  const [only = "", ...more] = words;
  return more.length === 0 && !programName.test(only) ? only : words;
}

/**
 * `run`: when the first word is a plain program name, the words are one command; otherwise each is a command line of its
 * own, run in order in one shell (`run 'cd /tmp' 'ls -la'`).
 */
export function toRunCommands(words: readonly string[]): readonly string[] {
  const [first = ""] = words;
  return words.length > 1 && programName.test(first) ? [words.map(formatWord).join(" ")] : words;
}

/** A word as it may be typed into a shell. */
export function formatWord(word: string): string {
  return programName.test(word) ? word : quoteWord(word);
}

/** One line that runs command lines in the same shell, up to the first that fails, and ends as that one did. */
export function toSequence(commands: readonly string[]): string {
  const [only = ""] = commands;
  return commands.length === 1 ? only : commands.map((command) => `eval ${quoteWord(command)}`).join(" && ");
}
