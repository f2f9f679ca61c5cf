import { Command, Option } from "commander";
import { addChoices } from "../../arguments/choices.js";
import {
  acceptedOption,
  collect,
  collectScale,
  onOption,
  parseWholeSeconds,
  repoOption,
} from "../../arguments/option.js";
import type { DockerUpFlags } from "../../commands/docker-up.js";
import type { Choose } from "../../outcome.js";

const pullPolicies = ["always", "missing", "never"] as const;

/** `otto docker up` */
export function createUp(choose: Choose): Command {
  return new Command("up")
    .summary("build images and bring the stacks of the repositories up")
    .description(
      "Builds the images whose inputs changed, brings the stacks up in the background and waits until they are: -d, --wait and --build of `docker compose up` are accepted, and change nothing.",
    )
    .argument("[service...]", "names of services, brought up with what they depend on (default: all)")
    .addOption(repoOption())
    .addOption(onOption())
    .option("--no-build", "start with the images that are there")
    .option("--keep", "leave what a failed first start made, to look at it")
    .option("--no-deps", "leave alone what the named services depend on")
    .option("--force-recreate", "replace containers that run as declared, too")
    .option("--scale <service=count>", "how many containers a service gets; may be repeated", collectScale)
    .addOption(addChoices(new Option("--pull <policy>", "when registries are asked for images"), pullPolicies))
    .option("--profile <name>", "a Compose profile to run; may be repeated", collect)
    .option("-t, --timeout <seconds>", "grace for a container that is replaced", parseWholeSeconds)
    .option("--wait-timeout <seconds>", "how long services may take to be up (default: 300)", parseWholeSeconds)
    .addOption(acceptedOption("-d, --detach"))
    .addOption(acceptedOption("--wait"))
    .addOption(acceptedOption("--build"))
    .addOption(acceptedOption("--remove-orphans"))
    .addOption(acceptedOption("--quiet-pull"))
    .addOption(acceptedOption("-y, --yes"))
    .action((services: string[], options: Omit<DockerUpFlags, "services">) =>
      choose(async (session) => {
        const { dockerUp } = await import("../../commands/docker-up.js");
        return dockerUp(session, { ...options, services });
      }),
    );
}
