import { writeFileSync } from "node:fs";
import { labKinds } from "@otto/lab";
import { readFaults, readResults, readTableFile, resultsPath, tablePath } from "./files.js";
import { findSurprises, type Results, type SuiteName, type SuiteResult, suites } from "./results.js";
import { runRed, runSuite } from "./run-suite.js";
import { formatTable, replaceTable } from "./table.js";

const usage = `usage: pnpm worlds [KIND...] [SUITE...]          run suites in worlds, and write the table in CONTRIBUTING.md
       pnpm worlds --red [KIND...] [SUITE...]    run the tests again that were red there
       pnpm worlds --write                       write the table only

KIND: ${Object.keys(labKinds).join(", ")}; none: all
SUITE: ${Object.keys(suites).join(", ")}; none: all
`;

const isKind = (word: string) => Object.hasOwn(labKinds, word);
const isSuite = (word: string): word is SuiteName => Object.hasOwn(suites, word);

/** Undefined: nothing is red there. */
type RunCell = (kind: string, suite: SuiteName) => Promise<SuiteResult | undefined>;

const rerunRed: RunCell = async (kind, suite) => {
  const before = readResults()[kind]?.[suite];
  return before === undefined || before.failed.length === 0 ? undefined : runRed(kind, suite, before);
};

async function run(words: readonly string[], runCell: RunCell): Promise<number> {
  const kinds = words.some(isKind) ? words.filter(isKind) : Object.keys(labKinds);
  const chosen = words.some(isSuite) ? words.filter(isSuite) : (Object.keys(suites) as SuiteName[]);
  const surprises: string[] = [];
  for (const kind of kinds) {
    for (const suite of chosen) {
      const started = Date.now();
      const result = await runCell(kind, suite);
      if (result === undefined) continue;
      write({ kind, suite, result });
      surprises.push(...findSurprises(kind, suite, result, readFaults()));
      const counts = `${result.passed} passed, ${result.failed.length} failed`;
      process.stdout.write(`${kind}, ${suite}: ${counts}, ${Math.round((Date.now() - started) / 1000)} s\n`);
    }
  }
  for (const surprise of surprises) process.stdout.write(`${surprise}\n`);
  return surprises.length === 0 ? 0 : 1;
}

/** Read anew each time: another run may have written meanwhile. */
function write(made?: { readonly kind: string; readonly suite: SuiteName; readonly result: SuiteResult }): void {
  const before = readResults();
  const results: Results =
    made === undefined ? before : { ...before, [made.kind]: { ...before[made.kind], [made.suite]: made.result } };
  writeFileSync(resultsPath, `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(tablePath, replaceTable(readTableFile(), formatTable(labKinds, results, readFaults())));
}

const words = process.argv.slice(2).filter((word) => word !== "--red");
if (words.length === 1 && words[0] === "--write") {
  write();
} else if (words.every((word) => isKind(word) || isSuite(word))) {
  process.exitCode = await run(words, process.argv.includes("--red") ? rerunRed : runSuite);
} else {
  process.stderr.write(usage);
  process.exitCode = 2;
}
