import { Command, Option } from "commander";
import { addChoices } from "../../arguments/choices.js";
import { collect, onOption, repoOption } from "../../arguments/option.js";
import type { DockerPsFlags } from "../../commands/docker-ps.js";
import type { Choose } from "../../outcome.js";

type Options = Omit<DockerPsFlags, "services" | "names"> & { readonly services?: boolean };

/** `otto docker ps` */
export function createPs(choose: Choose): Command {
  return new Command("ps")
    .description("show the services of the stacks: state, ports, age, image; absent ones too")
    .argument("[service...]", "names of services (default: all)")
    .addOption(repoOption())
    .addOption(onOption())
    .option(
      "-a, --all",
      "one-off containers and services of other profiles too; with -q, --services or --format stopped ones",
    )
    .option("-q, --quiet", "ids of the containers alone")
    .option("--services", "names of the services alone")
    .addOption(addChoices(new Option("--format <format>", "json: one object per container"), ["table", "json"]))
    .option("--status <state>", "only those in this state, as running, healthy or exited; may be repeated", collect)
    .addOption(
      new Option("--all-stacks", "every container on the docker-capable hosts of the lab").conflicts([
        ...["quiet", "services", "format", "status", "repo"],
      ]),
    )
    .action((services: string[], { services: names, ...options }: Options) =>
      choose(async (session) => {
        const { dockerPs } = await import("../../commands/docker-ps.js");
        return dockerPs(session, { ...options, services, ...(names !== undefined && { names }) });
      }),
    );
}
