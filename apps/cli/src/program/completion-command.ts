import { Argument, Command } from "commander";
import { addChoices } from "../arguments/choices.js";
import { type Shell, shells } from "../completion/shells.js";
import type { Choose } from "../outcome.js";

/** `otto completion bash|zsh|fish`; the script that it prints asks `otto completion SHELL -- WORD...`. */
export function createCompletionCommand(choose: Choose): Command {
  return new Command("completion")
    .description("print what makes a shell complete commands, options, hosts, images, services, instructions and paths")
    .configureHelp({ commandUsage: () => "otto completion bash|zsh|fish" })
    .addArgument(addChoices(new Argument("<shell>", "the shell"), shells))
    .addArgument(new Argument("[words...]", "behind --: answer for a line with these words, the last being typed"))
    .action((shell: Shell, words: string[], _options: unknown, command: Command) =>
      choose(async (session) => {
        const { completion } = await import("../commands/completion.js");
        return completion(session, { shell, words, program: command.parent ?? command });
      }),
    );
}
