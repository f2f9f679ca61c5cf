import { Command } from "commander";
import { collect, onOption, type PlaceOptions, repoOption } from "../../arguments/option.js";
import type { Choose } from "../../outcome.js";

/** `otto docker up` */
export function createUp(choose: Choose): Command {
  return new Command("up")
    .description("bring the stacks of the repositories up")
    .addOption(repoOption())
    .addOption(onOption())
    .option("--no-build", "start with the images that are there")
    .option("--profile <name>", "a Compose profile to run; may be repeated", collect)
    .action((options: PlaceOptions & { build: boolean; profile?: readonly string[] }) =>
      choose(async (session) => {
        const { dockerUp } = await import("../../commands/docker-up.js");
        return dockerUp(session, options);
      }),
    );
}
