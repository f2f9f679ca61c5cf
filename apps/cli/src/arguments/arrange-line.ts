import type { Command } from "commander";
import { takesCommand } from "../program/subcommand.js";
import { LineReader } from "./line-reader.js";

/**
 * Rearranges a command line into the one order that commander reads: options of all commands, the whole name of the
 * command (`up` is `docker up`, `host ID VERB` is `host VERB ID`), its options, its words. Behind the first word of a
 * command that runs elsewhere, all is that command's.
 */
export function arrangeLine(program: Command, argv: readonly string[]): readonly string[] {
  const reader = new LineReader(program);
  for (const word of argv) reader.read(word);
  const { command, host, globals, rest, words } = reader;
  const name = namesOf(command);
  const target = host === undefined ? [] : [host];
  if (takesCommand(command)) return [...globals, ...name, ...rest, "--", ...target, ...words];
  return [...globals, ...name, ...target, ...rest];
}

function namesOf(command: Command): readonly string[] {
  return command.parent === null ? [] : [...namesOf(command.parent), command.name()];
}
