import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    // One stack for all files of a run.
    globalSetup: "./tests/hold-stack.ts",
    // Bringing it up counts as part of the first test that uses it.
    testTimeout: 120_000,
  },
});
