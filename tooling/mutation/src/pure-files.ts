import { readFileSync } from "node:fs";
import { join } from "node:path";
import { globSync } from "tinyglobby";

/** What a file that only decides does without. */
const effects =
  /\b(?:async|await|Promise|setTimeout)\b|from "node:(?:child_process|fs|fs\/promises|net|os|worker_threads)"/;

/** Whether a source only computes, so that unit tests alone can tell what it does. */
export function isPure(source: string): boolean {
  return !effects.test(source);
}

/** The pure sources of a package, relative to it; tests and lists of exports are none. */
export function findPureFiles(directory: string): string[] {
  const sources = globSync("src/**/*.ts", { cwd: directory, ignore: ["**/*.test.ts", "src/index.ts"] });
  return sources.filter((file) => isPure(readFileSync(join(directory, file), "utf8"))).sort();
}
