import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Stryker } from "@stryker-mutator/core";
import type { MutantOutcome } from "./outcome.js";

/**
 * Changes some sources of a package, one mutant after the other in one process, each run by the unit tests that come to
 * it. The sources stay as they are: the run has a copy of the package, beside links to all that its paths lead to.
 * @param files relative to the package
 */
export async function runMutants(root: string, name: string, files: readonly string[]): Promise<MutantOutcome[]> {
  const mirror = mkdtempSync(join(tmpdir(), "otto-mutation-"));
  const before = process.cwd();
  try {
    mkdirSync(join(mirror, "packages"));
    for (const entry of ["tooling", "node_modules"]) symlinkSync(join(root, entry), join(mirror, entry));
    for (const other of readdirSync(join(root, "packages")))
      symlinkSync(join(root, "packages", other), join(mirror, "packages", other));
    process.chdir(join(root, "packages", name));
    const results = await new Stryker({
      mutate: [...files],
      tempDirName: join(mirror, "packages"),
      testRunner: "vitest",
      vitest: { configFile: "../../tooling/vitest.unit.ts" },
      checkers: ["sampling"],
      plugins: ["@stryker-mutator/vitest-runner", "@otto/mutation/sampling-checker"].map((plugin) =>
        fileURLToPath(import.meta.resolve(plugin)),
      ),
      concurrency: 1,
      // Stryker would rewrite it with TypeScript's own API, which TypeScript 7 does not have.
      tsconfigFile: "none.json",
      reporters: [],
      logLevel: "error",
    } as ConstructorParameters<typeof Stryker>[0]).runMutationTest();
    return results.map(({ fileName, location, status, mutatorName, replacement }) => ({
      file: fileName.slice(fileName.indexOf("/src/") + 1),
      line: location.start.line,
      status,
      edit: `${mutatorName}: ${replacement}`,
    }));
  } finally {
    process.chdir(before);
    rmSync(mirror, { recursive: true, force: true });
  }
}
