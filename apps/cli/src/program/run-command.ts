import { Command } from "commander";
import { repoOption } from "../arguments/option.js";
import type { Choose } from "../outcome.js";

/** `otto run [INSTRUCTION [ARGUMENT...]]` */
export function createRunCommand(choose: Choose): Command {
  return new Command("run")
    .summary("run an instruction, or list them")
    .description("Runs an instruction of a repository and exits with its result; lists them all without a name.")
    .usage("[options] [INSTRUCTION [its options]]")
    .argument("[instruction]", "its name; INSTRUCTION --help shows its options")
    .argument("[given...]", "its options; behind -- also those that otto has too")
    .addOption(repoOption())
    .allowUnknownOption()
    .action((name: string | undefined, given: string[], options: { repo?: string }) =>
      choose(async (session) => {
        const { run, runApart } = await import("../commands/run.js");
        if (session.invocation.runApart !== undefined) return runApart(session, session.invocation.runApart);
        return run(session, { ...options, name, words: given });
      }),
    );
}
