import { type Checker, type CheckResult, CheckStatus } from "@stryker-mutator/api/check";
import type { Mutant } from "@stryker-mutator/api/core";
import { declareClassPlugin, PluginKind } from "@stryker-mutator/api/plugin";
import { sample } from "./sample.js";

/**
 * Lets a sample of the mutants pass. Stryker knows no samples, but asks a checker about each mutant before it runs one,
 * and about all of them at once how to group them. Others are "compile errors" in its report.
 */
class SamplingChecker implements Checker {
  #chosen: ReadonlySet<string> = new Set();

  async init(): Promise<void> {}

  async group(mutants: Mutant[]): Promise<string[][]> {
    const seed = Number(process.env.OTTO_SEED);
    const count = Number(process.env.OTTO_MUTANTS);
    const ids = mutants.map(({ id }) => id).sort((a, b) => Number(a) - Number(b));
    this.#chosen = new Set(sample(ids, { seed, count }));
    return [ids];
  }

  async check(mutants: Mutant[]): Promise<Record<string, CheckResult>> {
    return Object.fromEntries(
      mutants.map(({ id }): [string, CheckResult] => [
        id,
        this.#chosen.has(id)
          ? { status: CheckStatus.Passed }
          : { status: CheckStatus.CompileError, reason: "not in the sample" },
      ]),
    );
  }
}

export const strykerPlugins = [declareClassPlugin(PluginKind.Checker, "sampling", SamplingChecker)];
