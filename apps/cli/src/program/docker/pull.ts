import { Command } from "commander";
import { collect, onOption, repoOption } from "../../arguments/option.js";
import type { DockerPullFlags } from "../../commands/docker-pull.js";
import type { Choose } from "../../outcome.js";

/** `otto docker pull` */
export function createPull(choose: Choose): Command {
  return new Command("pull")
    .description("pull the images of services; `up` then replaces their containers")
    .argument("[service...]", "names of services (default: all)")
    .addOption(repoOption())
    .addOption(onOption())
    .option("--profile <name>", "a Compose profile that counts; may be repeated", collect)
    .action((services: string[], options: Omit<DockerPullFlags, "services">) =>
      choose(async (session) => {
        const { dockerPull } = await import("../../commands/docker-pull.js");
        return dockerPull(session, { ...options, services });
      }),
    );
}
