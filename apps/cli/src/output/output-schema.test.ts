import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { outputSchema } from "./output-schema.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const records = new Map(Object.entries(outputSchema.$defs as Record<string, { properties?: Record<string, unknown> }>));

/** The values that the sources give to a key of a record. */
function valuesOf(key: string): string[] {
  const files = readdirSync(root, { recursive: true, encoding: "utf8" });
  const sources = files.filter((file) => file.endsWith(".ts") && !/\.test\.ts$|output-schema/.test(file));
  const pattern = new RegExp(`\\b${key}: "([\\w.-]+)"`, "g");
  const values = sources.flatMap((file) =>
    [...readFileSync(`${root}/${file}`, "utf8").matchAll(pattern)].map(([, value = ""]) => value),
  );
  return [...new Set(values)];
}

test("each type of record that a command writes has a schema (add it in output-schema.ts)", () => {
  const types = valuesOf("type");
  expect(types.length).toBeGreaterThan(10);
  expect(types.filter((type) => !records.has(type))).toEqual([]);
});

test("each step of a dry run has a name in the schema (add it in output-schema.ts)", () => {
  const steps = valuesOf("do");
  expect(steps.length).toBeGreaterThan(5);
  expect(records.get("step")?.properties?.do).toMatchObject({ enum: expect.arrayContaining(steps) });
});
