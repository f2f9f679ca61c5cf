import { Command } from "commander";
import { addLogOptions, type LogFlags } from "../../arguments/log-options.js";
import { onOption, type PlaceOptions, repoOption } from "../../arguments/option.js";
import type { Choose } from "../../outcome.js";

/** `otto docker logs` */
export function createLogs(choose: Choose): Command {
  const command = new Command("logs")
    .description("show what the containers of the stacks write")
    .argument("[service...]", "names of services (default: all)")
    .addOption(repoOption())
    .addOption(onOption());
  return addLogOptions(command).action((services: string[], options: PlaceOptions & LogFlags) =>
    choose(async (session) => {
      const { dockerLogs } = await import("../../commands/docker-logs.js");
      return dockerLogs(session, { ...options, services });
    }),
  );
}
