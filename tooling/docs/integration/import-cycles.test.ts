import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../../..");
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "otto-circle-"));
});
afterEach(() => rm(directory, { recursive: true }));

/** Files of the repository's lint rules that it finds in a circle, by name. */
async function lint(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  const argv = ["--config", join(root, ".oxlintrc.json"), "--format", "json", directory];
  const { stdout } = spawnSync(join(root, "node_modules/.bin/oxlint"), argv, { encoding: "utf8" });
  const { diagnostics, number_of_files: seen } = JSON.parse(stdout) as {
    readonly number_of_files: number;
    readonly diagnostics: readonly { readonly code: string; readonly filename: string }[];
  };
  expect(seen).toBe(Object.keys(files).length);
  return diagnostics
    .filter(({ code }) => code === "import(no-cycle)")
    .map(({ filename }) => filename.split("/").at(-1) ?? "")
    .sort();
}

const last = "export type C = string;\n";

test.each([
  [
    "of values",
    'import { b } from "./b.js";\nexport const a = () => b;\n',
    'import { a } from "./a.js";\nexport const b = () => a;\n',
  ],
  [
    "of types",
    'import type { B } from "./b.js";\nexport type A = B | 1;\n',
    'import type { A } from "./a.js";\nexport type B = { a: A };\n',
  ],
  [
    "of a type and a value",
    'import { b } from "./b.js";\nexport const a: A = b;\nexport type A = string;\n',
    'import type { A } from "./a.js";\nexport const b: A = "";\n',
  ],
])("a circle %s is refused", async (_, a, b) => {
  expect(await lint({ "a.ts": a, "b.ts": b, "c.ts": last })).toEqual(["a.ts", "b.ts"]);
});

test("a circle of three is refused, imports without one are not", async () => {
  const a = 'import type { B } from "./b.js";\nexport type A = B;\n';
  const b = 'import type { C } from "./c.js";\nexport type B = C;\n';
  expect(await lint({ "a.ts": a, "b.ts": b, "c.ts": last })).toEqual([]);
  expect(
    await lint({ "a.ts": a, "b.ts": b, "c.ts": 'import type { A } from "./a.js";\nexport type C = A[];\n' }),
  ).toEqual(["a.ts", "b.ts", "c.ts"]);
});
