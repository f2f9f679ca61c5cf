import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const staticImport = /^(?:import|export)\s(?!type\b)[^;]*?from "(?<source>[^"]+)";/gm;

/** What is loaded with a module: the packages that it and the files it imports name, without those they load later. */
function packagesOf(file: URL, seen = new Set<string>(), packages = new Set<string>()): Set<string> {
  if (seen.has(file.href)) return packages;
  seen.add(file.href);
  for (const { groups } of readFileSync(fileURLToPath(file), "utf8").matchAll(staticImport)) {
    const source = groups?.source ?? "";
    if (source.startsWith(".")) packagesOf(new URL(source.replace(/\.js$/, ".ts"), file), seen, packages);
    else if (!source.startsWith("node:")) packages.add(source);
  }
  return packages;
}

test("before a command is chosen, little is loaded: a command's own module is imported by its action", () => {
  const packages = packagesOf(new URL("start.ts", import.meta.url));
  expect([...packages].sort()).toEqual(["@otto/errors", "commander", "picocolors"]);
});
