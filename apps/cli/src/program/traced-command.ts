import { type Command, Option } from "commander";
import { addChoices } from "../arguments/choices.js";
import type { Choose } from "../outcome.js";
import type { TraceRequest } from "../tracing.js";

interface TracedOptions {
  /** Of a command that does its work in a process of its own: only that one records. */
  readonly isApart?: boolean;
}

/** Gives a command `--trace`. */
export function createTraced(
  choose: Choose,
  create: (choose: Choose) => Command,
  { isApart = false }: TracedOptions = {},
): Command {
  const command: Command = create((action) =>
    choose(async (session) => {
      const isElsewhere = isApart && session.invocation.runApart !== undefined;
      if (!isElsewhere)
        await session.startTrace({ ...command.opts<Omit<TraceRequest, "name">>(), name: wordsOf(command) });
      return action(session);
    }),
  );
  const formats = new Option("--trace-format <format>", "of the trace (default: chrome for *.trace, else otlp)");
  return command
    .option("--trace <file>", "write a trace of what the time went to; otto trace draws it")
    .addOption(addChoices(formats, ["otlp", "chrome"]));
}

function wordsOf(command: Command): string {
  return command.parent === null ? command.name() : `${wordsOf(command.parent)} ${command.name()}`;
}
