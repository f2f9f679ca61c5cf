import { Command } from "commander";
import { repoOption } from "../arguments/option.js";
import type { Choose } from "../outcome.js";

/** `otto test [vitest's arguments]` */
export function createTestCommand(choose: Choose): Command {
  return new Command("test")
    .summary("run the test suites of the repositories")
    .description("Runs the vitest of each repository with the lab set, and exits with its exit code.")
    .usage("[options] [vitest's arguments]")
    .argument("[words...]", "vitest's arguments, such as a file or --watch; behind -- also those that otto has too")
    .addOption(repoOption())
    .allowUnknownOption()
    .action((words: string[], options: { repo?: string }) =>
      choose(async (session) => {
        const { test } = await import("../commands/test.js");
        return test(session, { ...options, words });
      }),
    );
}
