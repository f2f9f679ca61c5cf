import { Command } from "commander";
import { onOption, type PlaceOptions, parseWholeSeconds, repoOption } from "../../arguments/option.js";
import type { Choose } from "../../outcome.js";

/** `otto docker down` */
export function createDown(choose: Choose): Command {
  return new Command("down")
    .description("take the stacks of the repositories down")
    .addOption(repoOption())
    .addOption(onOption())
    .option("--stop-timeout <seconds>", "grace for each container", parseWholeSeconds, 1)
    .option("--volumes", "remove named volumes and what containers wrote into bind mounts, too")
    .action((options: PlaceOptions & { stopTimeout: number; volumes?: boolean }) =>
      choose(async (session) => {
        const { dockerDown } = await import("../../commands/docker-down.js");
        return dockerDown(session, options);
      }),
    );
}
