import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { repoRoot } from "./files.js";
import { joinResults, readResult, type SuiteName, type SuiteResult, suites, type VitestReport } from "./results.js";

/** Each in a world of its own, side by side: a suite spends most of its time waiting. */
const parts = 2;

/** Runs a suite in worlds of a kind; what it prints goes to stderr. */
export async function runSuite(kind: string, suite: SuiteName): Promise<SuiteResult> {
  const numbers = Array.from({ length: parts }, (_, index) => index + 1);
  return joinResults(await Promise.all(numbers.map((part) => runPart(kind, suite, part))));
}

async function runPart(kind: string, suite: SuiteName, part: number): Promise<SuiteResult> {
  const folder = join(repoRoot, suites[suite]);
  // Not in /tmp: a world has its own.
  const report = join(folder, "test-results", `world-${kind}-${part}.json`);
  rmSync(report, { force: true });
  const options = ["--config", "../../tooling/vitest.integration.ts", `--shard=${part}/${parts}`];
  const vitest = ["vitest", "run", ...options, `--outputFile.json=${report}`];
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
