import { z } from "zod";
import { labSchema } from "./lab/lab-schema.js";
import { settingsSchema } from "./repo/settings-schema.js";
import { descriptions } from "./schema-descriptions.js";

/** A JSON Schema of the draft 2020-12. */
export interface JsonSchema {
  type?: string | string[];
  description?: string;
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  [keyword: string]: unknown;
}

const schemas = {
  settings: { source: settingsSchema, title: "Settings of a repository for otto" },
  lab: { source: labSchema, title: "A lab of otto: hosts, and how to reach them" },
} as const;

/** What a schema is for: `.otto/settings.*`, or a lab file. */
export type SchemaName = keyof typeof schemas;

/**
 * The schema by which editors complete and check a file of ours. What takes a program to tell (that hops lead somewhere,
 * that names are not repeated) is not in it.
 */
export function createJsonSchema(name: SchemaName): JsonSchema {
  const { source, title } = schemas[name];
  const {
    "~standard": _,
    $schema,
    ...generated
  } = z.toJSONSchema(source, {
    io: "input",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema._zod.def.type === "bigint") jsonSchema.type = "integer";
    },
  });
  const schema = generated as JsonSchema;
  describeProperties(schema, "", descriptions[name]);
  return { $schema, title, ...schema };
}

/** Gives each property its description, by its key path: `docker.images[].name`. */
function describeProperties(schema: JsonSchema, key: string, texts: Readonly<Record<string, string>>): void {
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const path = key === "" ? name : `${key}.${name}`;
    const description = texts[path];
    if (description !== undefined) property.description = description;
    describeProperties(property, path, texts);
  }
  if (schema.items !== undefined) describeProperties(schema.items, `${key}[]`, texts);
  for (const choice of schema.anyOf ?? []) describeProperties(choice, key, texts);
}
