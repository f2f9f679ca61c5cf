import { Command, Option } from "commander";
import { addChoices } from "../../arguments/choices.js";
import { collect, onOption, repoOption } from "../../arguments/option.js";
import type { DockerGraphFlags } from "../../commands/docker-graph.js";
import type { Choose } from "../../outcome.js";

const graphFormats = ["mermaid", "svg", "html", "json"] as const;

/** `otto docker graph` */
export function createGraph(choose: Choose): Command {
  return new Command("graph")
    .summary("draw the stacks of the repositories")
    .description(
      "Draws services with what they depend on, their networks, mounts, ports and images, and their states when the stack is up.",
    )
    .addOption(repoOption())
    .addOption(onOption())
    .addOption(
      addChoices(new Option("--format <format>", "what to write (default: by the file, else mermaid)"), graphFormats),
    )
    .option("-o, --output <file>", "write a file instead of stdout")
    .option("--profile <name>", "a Compose profile whose services are shown as enabled; may be repeated", collect)
    .option("--no-states", "connect to nothing, and show no states")
    .action((options: DockerGraphFlags) =>
      choose(async (session) => {
        const { dockerGraph } = await import("../../commands/docker-graph.js");
        return dockerGraph(session, options);
      }),
    );
}
