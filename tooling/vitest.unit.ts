import { existsSync } from "node:fs";
import { defineConfig } from "vitest/config";

// From the root of the repository those of all packages, in one process: what starts and loads them takes longer than they do.
const isWhole = existsSync("pnpm-workspace.yaml");

// Random inputs are other ones in each run; OTTO_SEED repeats one.
const usesRandomInputs = existsSync("node_modules/fast-check");
const seed = process.env.OTTO_SEED ?? String(Date.now() % 2 ** 31);
if (usesRandomInputs) console.log(`OTTO_SEED=${seed}: 100 inputs a property, where it names no other number`);

export default defineConfig({
  test: {
    include: [isWhole ? "{packages,apps,tooling}/*/src/**/*.test.ts" : "src/**/*.test.ts"],
    env: { OTTO_SEED: seed },
    setupFiles: usesRandomInputs ? [`${import.meta.dirname}/vitest.seed.ts`] : [],
    reporters: ["default", "json"],
    outputFile: { json: "test-results/unit.json" },
    // A net for what hangs; on a busy machine a second's work may take many.
    testTimeout: 120_000,
    // Nothing is mocked or kept in modules: files may share them, which takes half the time.
    isolate: false,
  },
});
