import { Command } from "commander";
import { collect, collectAssignment, oneHostOption, parseSeconds, repoOption } from "../../arguments/option.js";
import type { DockerTestFlags } from "../../commands/docker-test.js";
import type { Choose } from "../../outcome.js";

/** `otto docker test` */
export function createServiceTest(choose: Choose): Command {
  return new Command("test")
    .summary("bring a stack up, run one of its services to its end, take the stack down")
    .description(
      "Brings the stack up, runs one of its services to its end, prints what it writes, takes the stack down unless it was up before, and exits with that service's exit code: with 1 if another one failed meanwhile, with 124 after --timeout, with 255 if it never ran. Others may end as they are declared. Nothing stays when otto is killed.",
    )
    .usage("[options] [SERVICE [COMMAND [ARGUMENT...]]]")
    .argument("[service]", "name of the service (default: test or tests, else the only one of the profile test)")
    .argument("[command...]", "a program and its arguments (default: the service's)")
    .addOption(repoOption())
    .addOption(oneHostOption())
    .option("-e, --env <name=value>", "a variable for it; NAME alone is yours; may be repeated", collectAssignment)
    .option("--profile <name>", "a Compose profile to run; may be repeated", collect)
    .option("--timeout <seconds>", "end it after this long; inf for never", parseSeconds, Number.POSITIVE_INFINITY)
    .option("--no-build", "use the images that are there")
    .action((service: string | undefined, command: string[], options: Omit<DockerTestFlags, "service" | "command">) =>
      choose(async (session) => {
        const { dockerTest } = await import("../../commands/docker-test.js");
        return dockerTest(session, { ...options, service, command });
      }),
    );
}
