import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts"],
    reporters: ["default", "json"],
    outputFile: { json: "test-results/unit.json" },
    // A net for what hangs; on a busy machine a second's work may take many.
    testTimeout: 60_000,
    // Nothing is mocked or kept in modules: files may share them, which takes half the time.
    isolate: false,
  },
});
