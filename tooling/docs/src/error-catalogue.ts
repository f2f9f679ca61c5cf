import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { findCauses, findCodes } from "./error-codes.js";
import type { ErrorSection } from "./error-page.js";
import type { WorkspacePackage } from "./workspace-package.js";

/** What is known of the error codes, and what is not said of them. */
export interface ErrorCatalogue {
  readonly sections: readonly ErrorSection[];
  /** One line for each thing that is missing or too much. */
  readonly gaps: readonly string[];
}

/**
 * Gathers the codes from the code, their causes from the READMEs and their cures from a file.
 * @param packages those first that others stand on: a code belongs to the first package that names it
 */
export function readErrorCatalogue(packages: readonly WorkspacePackage[], curesPath: string): ErrorCatalogue {
  const cures = parse(readFileSync(curesPath, "utf8")) as Readonly<Record<string, string>>;
  const seen = new Set<string>();
  const gaps: string[] = [];
  const sections = packages.map((it): ErrorSection => {
    const codes = codesOf(it).filter((code) => !seen.has(code));
    for (const code of codes) seen.add(code);
    const causes = findCauses(readFileSync(join(it.directory, "README.md"), "utf8"));
    for (const code of codes) {
      if (!causes.get(code)) gaps.push(`${it.path}/README.md has no row of a table that says when ${code} comes`);
      if (!cures[code]) gaps.push(`${curesPath} says nothing of ${code}`);
    }
    const errors = codes.map((code) => ({ code, cause: causes.get(code) ?? "", cure: cures[code] ?? "" }));
    return { packageName: it.name, link: `../${it.path}`, errors };
  });
  const stale = Object.keys(cures).filter((code) => !seen.has(code));
  for (const code of stale) gaps.push(`${curesPath} names ${code}, which no code does`);
  return { sections, gaps: [...gaps, ...findForeignCodes(packages, seen)] };
}

function findForeignCodes(packages: readonly WorkspacePackage[], seen: ReadonlySet<string>): readonly string[] {
  return packages.flatMap(({ directory, path }) =>
    [...findCauses(readFileSync(join(directory, "README.md"), "utf8")).keys()]
      .filter((word) => findCodes(`"${word}"`).length > 0 && !seen.has(word))
      .map((code) => `${path}/README.md names ${code}, which no code does`),
  );
}

function codesOf({ directory }: WorkspacePackage): readonly string[] {
  const files = readdirSync(join(directory, "src"), { recursive: true, encoding: "utf8" });
  const sources = files.filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"));
  const codes = sources.flatMap((file) => findCodes(readFileSync(join(directory, "src", file), "utf8")));
  return [...new Set(codes)].sort();
}
