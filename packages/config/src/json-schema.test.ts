import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { createJsonSchema, type JsonSchema, type SchemaName } from "./json-schema.js";
import { descriptions } from "./schema-descriptions.js";

const names: readonly SchemaName[] = ["settings", "lab"];

/** Each property of a schema with its key path. */
function propertiesOf(schema: JsonSchema, key = ""): [string, JsonSchema][] {
  const inner = Object.entries(schema.properties ?? {}).flatMap(([name, it]): [string, JsonSchema][] => {
    const path = key === "" ? name : `${key}.${name}`;
    return [[path, it], ...propertiesOf(it, path)];
  });
  const items = schema.items === undefined ? [] : propertiesOf(schema.items, `${key}[]`);
  return [...inner, ...items, ...(schema.anyOf ?? []).flatMap((choice) => propertiesOf(choice, key))];
}

test.each(names)("every key of the %s schema has a description, and each description a key", (name) => {
  const properties = propertiesOf(createJsonSchema(name));
  expect(properties.filter(([, it]) => it.description === undefined).map(([path]) => path)).toEqual([]);
  expect(Object.keys(descriptions[name]).sort()).toEqual([...new Set(properties.map(([path]) => path))].sort());
});

test.each(names)(
  "the file of the %s schema is the schema (write it anew with `pnpm --filter @otto/config schemas`)",
  async (name) => {
    const file = new URL(`../schemas/${name}.schema.json`, import.meta.url);
    expect(JSON.parse(await readFile(file, "utf8"))).toEqual(createJsonSchema(name));
  },
);

test("unknown keys are refused in settings and free in labs, and whole numbers are scalars", () => {
  const settings = createJsonSchema("settings");
  expect([settings.additionalProperties, settings.required]).toEqual([false, ["name", "version"]]);
  expect(createJsonSchema("lab").additionalProperties).not.toBe(false);
  const args = new Map(propertiesOf(settings)).get("docker.images[].build_args");
  expect(args?.additionalProperties).toMatchObject({ type: expect.arrayContaining(["integer"]) });
});
