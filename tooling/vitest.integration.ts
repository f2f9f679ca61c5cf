import { defineConfig } from "vitest/config";
import { RepeatReporter } from "./repeat-reporter.js";

// One seed for all random tests of a run.
const environment = { ...process.env, OTTO_SEED: process.env.OTTO_SEED ?? String(Date.now() % 2 ** 31) };

export default defineConfig({
  test: {
    include: ["integration/**/*.test.ts"],
    reporters: ["default", "json", new RepeatReporter(environment)],
    outputFile: { json: "test-results/integration.json" },
    env: { OTTO_SEED: environment.OTTO_SEED },
    // Packages are imported from what was built: by Node itself, which takes a third of the time that vite takes to go
    // through each module for each test file.
    server: { deps: { external: [/\/dist\//] } },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // How soon something comes is no matter of a poll: a machine may be busy. Many ask by a docker client, which costs
    // as much processor time as what they wait for.
    expect: { poll: { timeout: 60_000, interval: 200 } },
  },
});
