import { Command, Option } from "commander";
import { addChoices } from "../../arguments/choices.js";
import { acceptedOption, collect, onOption, parseWholeSeconds, repoOption } from "../../arguments/option.js";
import type { DockerDownFlags } from "../../commands/docker-down.js";
import type { Choose } from "../../outcome.js";

/** `otto docker down` */
export function createDown(choose: Choose): Command {
  return new Command("down")
    .description("take the stacks of the repositories down, or services of them")
    .argument("[service...]", "names of services whose containers are removed (default: the whole stack)")
    .addOption(repoOption())
    .addOption(onOption())
    .option("-t, --timeout <seconds>", "grace for each container (default: 1)", parseWholeSeconds)
    .option("-v, --volumes", "remove named volumes and what containers wrote into bind mounts, too")
    .addOption(
      addChoices(new Option("--rmi <images>", "remove images, too: all, or the local ones that Compose built"), [
        "all",
        "local",
      ]),
    )
    .option("--remove-orphans", "with services: remove containers of services that are no longer declared, too")
    .addOption(new Option("--stop-timeout <seconds>", "the same as --timeout").argParser(parseWholeSeconds).hideHelp())
    .addOption(acceptedOption("--profile <name>").argParser(collect))
    .action((services: string[], options: Omit<DockerDownFlags, "services">) =>
      choose(async (session) => {
        const { dockerDown } = await import("../../commands/docker-down.js");
        return dockerDown(session, { ...options, services });
      }),
    );
}
