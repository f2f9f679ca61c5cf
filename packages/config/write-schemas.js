// Writes the schemas for editors to schemas/, from what the loaders check with.
import { writeFile } from "node:fs/promises";
import { createJsonSchema } from "./dist/index.js";

for (const name of ["settings", "lab"]) {
  const file = new URL(`schemas/${name}.schema.json`, import.meta.url);
  await writeFile(file, `${JSON.stringify(createJsonSchema(name), undefined, 2)}\n`);
}
