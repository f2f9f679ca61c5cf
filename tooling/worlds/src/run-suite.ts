import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { repoRoot } from "./files.js";
import {
  applyRerun,
  joinResults,
  patternOfRed,
  readResult,
  type SuiteName,
  type SuiteResult,
  suites,
  type VitestReport,
} from "./results.js";

/** Each in a world of its own, side by side: a suite spends most of its time waiting. */
const parts = 2;

/** Runs a suite in worlds of a kind; what it prints goes to stderr. */
export async function runSuite(kind: string, suite: SuiteName): Promise<SuiteResult> {
  const numbers = Array.from({ length: parts }, (_, index) => index + 1);
  const runs = numbers.map((part) =>
    runVitest(kind, suite, { name: `${part}`, options: [`--shard=${part}/${parts}`] }),
  );
  const results = (await Promise.all(runs)).map(({ report, exitCode }) => readResult(report, exitCode, today()));
  return joinResults(results);
}

/** Runs the red tests of a result again, in a world of the kind. */
export async function runRed(kind: string, suite: SuiteName, before: SuiteResult): Promise<SuiteResult> {
  const { report } = await runVitest(kind, suite, { name: "red", options: ["-t", patternOfRed(before)] });
  return applyRerun(before, report, today());
}

const today = () => new Date().toISOString().slice(0, 10);

interface Part {
  readonly name: string;
  readonly options: readonly string[];
}

async function runVitest(kind: string, suite: SuiteName, { name, options }: Part) {
  const folder = join(repoRoot, suites[suite]);
  // Not in /tmp: a world has its own.
  const report = join(folder, "test-results", `world-${kind}-${name}.json`);
  rmSync(report, { force: true });
  const vitest = ["vitest", "run", "--config", "../../tooling/vitest.integration.ts", `--outputFile.json=${report}`];
  const child = spawn(join(repoRoot, "tooling/world"), ["pnpm", "exec", ...vitest, ...options], {
    cwd: folder,
    env: { ...process.env, OTTO_LAB_KIND: kind },
    stdio: ["ignore", 2, 2],
  });
  const [exitCode] = (await once(child, "exit")) as [number | null];
  return { report: readReport(report), exitCode: exitCode ?? 1 };
}

const readReport = (path: string) =>
  existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as VitestReport) : undefined;
