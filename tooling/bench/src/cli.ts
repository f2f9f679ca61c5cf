import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { areas } from "./areas/index.js";
import { type BenchArguments, parseArguments, UsageError } from "./arguments.js";
import { findMisses, findTargetsWithoutRow } from "./check-targets.js";
import { writeDocuments } from "./documents.js";
import { linkNames } from "./link.js";
import { type AreaResult, isFailed, type Results } from "./result.js";
import { runArea } from "./run-area.js";
import { readRunFacts } from "./run-facts.js";
import { formatTable } from "./table.js";
import { targets } from "./targets.js";

const names = areas.map(({ name }) => name);
const usage = `usage: pnpm bench [AREA...] [OPTION...]    measure, print, and write docs/benchmarks.md and the tables in the READMEs

AREA: ${names.join(", ")}; none: all
  --rounds N        rounds of a light row; heavy rows run half as many, the heaviest a fifth (default: 5)
  --check           exit 1 if a target in tooling/bench/src/targets.ts is missed
  --json FILE       also write the results to a file
  --of DIR          also measure another built checkout of otto, in the same rounds
  --links A,B       ${linkNames.join(", ")} (default: all); with fewer, no document is written
  --rows TEXT       only rows whose name contains TEXT; no document is written
  --scale F         multiply sizes and numbers of files by F; no document is written (default: 1)
  --services 6,30   numbers of services of the stacks (default: 6,30)
  --write           rewrite the tables from the newest results, and measure nothing
`;

const root = resolve(import.meta.dirname, "../../..");
const resultsPath = join(root, "tooling/bench/results.json");
// If it is set, Node 20 reads certificates at each start, which would add 30 ms to every row.
delete process.env.NODE_EXTRA_CA_CERTS;

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`bench: ${error.message}\n\n${usage}`);
  process.exitCode = 2;
}

async function main(words: readonly string[]): Promise<number> {
  const settings = parseArguments(words, names);
  const results: Record<string, AreaResult> = {};
  if (!settings.write) {
    const chosen = areas.filter(({ name }) => settings.areas.length === 0 || settings.areas.includes(name));
    for (const area of chosen) {
      process.stdout.write(`\n${area.title}\n`);
      const run = readRunFacts(words, settings.rounds);
      const rows = await runArea(area, {
        ...settings,
        root,
        env: process.env,
        onRow: (row) => process.stdout.write(`${printRow({ run, rows: [row] }, area.name)}\n`),
      });
      results[area.name] = { run, rows };
      if (isWhole(settings)) save({ ...readResults(), ...results });
    }
  }
  if (settings.json !== undefined) writeFileSync(settings.json, `${JSON.stringify(results, null, 2)}\n`);
  if (isWhole(settings)) writeDocuments(root, areas, readResults(), targets);
  const failures = Object.entries(results).flatMap(([area, { rows }]) =>
    rows.flatMap(({ what, ours }) => (isFailed(ours) ? [`${area}, ${what}: ${ours.failed}`] : [])),
  );
  const misses = Object.entries(results).flatMap(([area, result]) => [
    ...findMisses(targets, area, result),
    ...(isWhole(settings) ? findTargetsWithoutRow(targets, area, result) : []),
  ]);
  for (const line of [...failures, ...(settings.check ? misses : [])]) process.stdout.write(`${line}\n`);
  return failures.length > 0 || (settings.check && misses.length > 0) ? 1 : 0;
}

/** Results are saved and documents written only after a run of all rows on all links at full size. */
function isWhole({ rows, scale, links }: BenchArguments): boolean {
  return rows === undefined && scale === 1 && links.length === linkNames.length;
}

function printRow(result: AreaResult, area: string): string {
  return formatTable(result, { area, targets }).split("\n").slice(2).join("\n");
}

function readResults(): Results {
  return existsSync(resultsPath) ? (JSON.parse(readFileSync(resultsPath, "utf8")) as Results) : {};
}

function save(results: Results): void {
  writeFileSync(resultsPath, `${JSON.stringify(results, null, 2)}\n`);
}
