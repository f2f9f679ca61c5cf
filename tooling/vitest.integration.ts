import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["integration/**/*.test.ts"],
    reporters: ["default", "json"],
    outputFile: { json: "test-results/integration.json" },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // How soon something comes is no matter of a poll: a machine may be busy.
    expect: { poll: { timeout: 60_000 } },
  },
});
