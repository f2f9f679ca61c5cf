import { resolve } from "node:path";
import { expect, test } from "vitest";
import { findPureFiles, isPure } from "./pure-files.js";

test.each([
  [true, 'import { posix } from "node:path";\nexport const a = (b: string) => posix.join(b);\n'],
  [false, 'import { readFileSync } from "node:fs";\n'],
  [false, 'import { readFile } from "node:fs/promises";\n'],
  [false, "export async function a() {}\n"],
  [false, "return new Promise((resolve) => {});\n"],
])("pure: %s, %j", (pure, source) => {
  expect(isPure(source)).toBe(pure);
});

test("a package's pure files are its sources that only decide, no tests among them", () => {
  const files = findPureFiles(resolve(import.meta.dirname, "../../../packages/hashing"));
  expect(files).toContain("src/context-hash.ts");
  expect(files.filter((file) => file.endsWith(".test.ts") || file === "src/index.ts")).toEqual([]);
});
