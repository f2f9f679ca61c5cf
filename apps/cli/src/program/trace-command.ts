import { Command, Option } from "commander";
import { addChoices } from "../arguments/choices.js";
import type { TraceFlags } from "../commands/trace.js";
import type { Choose } from "../outcome.js";

/** `otto trace FILE` */
export function createTraceCommand(choose: Choose): Command {
  return new Command("trace")
    .summary("draw a trace that --trace wrote")
    .description("Draws the timeline of a command, with its critical path: what it waited for at each moment.")
    .argument("<trace>", "a file that --trace wrote, in either format")
    .addOption(
      addChoices(new Option("--format <format>", "what to write (default: by the file, else svg)"), ["svg", "html"]),
    )
    .option("-o, --output <file>", "write a file instead of stdout")
    .action((trace: string, options: Omit<TraceFlags, "trace">) =>
      choose(async (session) => (await import("../commands/trace.js")).trace(session, { ...options, trace })),
    );
}
