import { Command } from "commander";
import { onOption } from "../../arguments/option.js";
import type { Choose } from "../../outcome.js";

/** `otto docker ps` */
export function createPs(choose: Choose): Command {
  return new Command("ps")
    .description("list the containers on the docker-capable hosts")
    .addOption(onOption())
    .option("--all", "stopped ones too")
    .action((options: { on?: string; all?: boolean }) =>
      choose(async (session) => {
        const { dockerPs } = await import("../../commands/docker-ps.js");
        return dockerPs(session, options);
      }),
    );
}
