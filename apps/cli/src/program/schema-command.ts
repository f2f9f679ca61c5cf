import { Argument, Command } from "commander";
import { addChoices } from "../arguments/choices.js";
import type { Choose } from "../outcome.js";

/** What `otto schema` prints a schema of. */
export const schemaSubjects = ["settings", "lab", "output"] as const;
export type SchemaSubject = (typeof schemaSubjects)[number];

/** `otto schema settings|lab|output` */
export function createSchemaCommand(choose: Choose): Command {
  const subject = new Argument("<subject>", ".otto/settings.*, a lab file, or the lines of --json");
  return new Command("schema")
    .description("print a JSON Schema, for editors and programs")
    .addArgument(addChoices(subject, schemaSubjects))
    .action((name: SchemaSubject) =>
      choose(async (session) => (await import("../commands/schema.js")).schema(session, name)),
    );
}
