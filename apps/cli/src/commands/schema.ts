import { createJsonSchema } from "@otto/config";
import { exitCodes } from "../exit-code.js";
import type { Outcome } from "../outcome.js";
import { outputSchema } from "../output/output-schema.js";
import type { Session } from "../session.js";

/** What a schema is printed of. */
export type SchemaSubject = "settings" | "lab" | "output";

/** `otto schema`: the schema as it is; with `--json` within an object. */
export async function schema({ reporter }: Session, subject: SchemaSubject): Promise<Outcome> {
  const content = subject === "output" ? outputSchema : createJsonSchema(subject);
  reporter.item(JSON.stringify(content, undefined, 2), { type: "schema", subject, content });
  return { exitCode: exitCodes.done };
}
