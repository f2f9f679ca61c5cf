import { Command } from "commander";
import type { Choose } from "../outcome.js";

/** `otto init` */
export function createInitCommand(choose: Choose): Command {
  return new Command("init")
    .summary("write first settings for the project in this directory")
    .description(
      "Writes .otto/settings.toml for the project in this directory, by its Dockerfiles and Compose files, and a schema beside it for editors. Never overwrites a file.",
    )
    .action(() => choose(async (session) => (await import("../commands/init.js")).init(session)));
}
