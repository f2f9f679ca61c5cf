import { Command } from "commander";
import type { InitFlags } from "../commands/init.js";
import type { Choose } from "../outcome.js";

/** `otto init` */
export function createInitCommand(choose: Choose): Command {
  return new Command("init")
    .summary("write first settings for the project in this directory")
    .description(
      "Writes .otto/settings.toml for the project in this directory, by its Dockerfiles, Compose files and development container, and a schema beside it for editors. Never overwrites a file.",
    )
    .option("--compose", "also write a compose.yaml where there is none")
    .option("--here", "in this directory, though one above it has settings")
    .action((flags: InitFlags) =>
      choose(async (session) => (await import("../commands/init.js")).init(session, flags)),
    );
}
