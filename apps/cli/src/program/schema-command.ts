import { Argument, Command } from "commander";
import { addChoices } from "../arguments/choices.js";
import type { SchemaSubject } from "../commands/schema.js";
import type { Choose } from "../outcome.js";

const subjects: readonly SchemaSubject[] = ["settings", "lab", "output"];

/** `otto schema settings|lab|output` */
export function createSchemaCommand(choose: Choose): Command {
  const subject = new Argument("<subject>", ".otto/settings.*, a lab file, or the lines of --json");
  return new Command("schema")
    .description("print a JSON Schema, for editors and programs")
    .addArgument(addChoices(subject, subjects))
    .action((name: SchemaSubject) =>
      choose(async (session) => (await import("../commands/schema.js")).schema(session, name)),
    );
}
