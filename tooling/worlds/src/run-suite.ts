import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { repoRoot } from "./files.js";
import { readResult, type SuiteName, type SuiteResult, suites, type VitestReport } from "./results.js";

/** Runs a suite in a world of a kind; what it prints goes to stderr. */
export async function runSuite(kind: string, suite: SuiteName): Promise<SuiteResult> {
  const folder = join(repoRoot, suites[suite]);
  // Not in /tmp: a world has its own.
  const report = join(folder, "test-results", `world-${kind}.json`);
  rmSync(report, { force: true });
  const vitest = ["vitest", "run", "--config", "../../tooling/vitest.integration.ts", `--outputFile.json=${report}`];
  const child = spawn(join(repoRoot, "tooling/world"), ["pnpm", "exec", ...vitest], {
    cwd: folder,
    env: { ...process.env, OTTO_LAB_KIND: kind },
    stdio: ["ignore", 2, 2],
  });
  const [exitCode] = (await once(child, "exit")) as [number | null];
  return readResult(readReport(report), exitCode ?? 1, new Date().toISOString().slice(0, 10));
}

const readReport = (path: string) =>
  existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as VitestReport) : undefined;
