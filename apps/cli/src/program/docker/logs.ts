import { Command } from "commander";
import { addLogOptions } from "../../arguments/log-options.js";
import { onOption, parseCount, repoOption } from "../../arguments/option.js";
import type { DockerLogsFlags } from "../../commands/docker-logs.js";
import type { Choose } from "../../outcome.js";

/** `otto docker logs` */
export function createLogs(choose: Choose): Command {
  const command = new Command("logs")
    .description("show what the containers of the stacks write")
    .argument("[service...]", "names of services (default: all)")
    .addOption(repoOption())
    .addOption(onOption());
  addLogOptions(command)
    .option("--no-log-prefix", "leave out the service before each line")
    .option("--index <number>", "only the replica of this number", parseCount);
  return command.action((services: string[], options: Omit<DockerLogsFlags, "services">) =>
    choose(async (session) => {
      const { dockerLogs } = await import("../../commands/docker-logs.js");
      return dockerLogs(session, { ...options, services });
    }),
  );
}
