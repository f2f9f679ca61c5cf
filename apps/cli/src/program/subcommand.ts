import type { Command } from "commander";

/** The command that a word names below another one. `compose` and its verbs are `docker` and its verbs. */
export function findSubcommand(command: Command, word: string): Command | undefined {
  const own = command.commands.find((it) => it.name() === word);
  const docker = command.name() === "docker" ? command : command.commands.find((it) => it.name() === "docker");
  return own ?? (word === "compose" ? docker : shortForms(command).find((it) => it.name() === word));
}

/** The verbs of `docker` that are commands of `otto`, too: those whose name is not taken, as `otto run` is. */
export function shortForms(command: Command): readonly Command[] {
  const taken = new Set(command.commands.map((it) => it.name()));
  const verbs = command.commands.find((it) => it.name() === "docker")?.commands ?? [];
  return verbs.filter((it) => !taken.has(it.name()));
}

/** `otto host` takes its id before the verb, too. */
export function isHostGroup(command: Command): boolean {
  return command.name() === "host" && command.commands.length > 0;
}

/** Whether the last words of a command are the command line of another program. */
export function takesCommand(command: Command): boolean {
  return command.registeredArguments.at(-1)?.name() === "command";
}

/** Whether what follows the first word is read by what that word names. */
export function leavesRest(command: Command): boolean {
  return ["command", "given", "words"].includes(command.registeredArguments.at(-1)?.name() ?? "");
}

/** A command and all below it. */
export function commandsOf(command: Command): Command[] {
  return [command, ...command.commands.flatMap(commandsOf)];
}

/** The words of a command: `otto docker up`. */
export function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}
