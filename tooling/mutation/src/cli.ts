import { readFileSync, writeFileSync } from "node:fs";
import { setPriority } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { runMutants } from "./mutation-run.js";
import { formatScores, formatSurvivor, scoreOf, survivorsOf } from "./outcome.js";
import { findPureFiles } from "./pure-files.js";
import { replaceRows, type ScoreRow } from "./score-table.js";

// pnpm mutation [package…] [--seed N] [--count M] [--file src/x.ts]… [--write]
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string", default: process.env.OTTO_SEED ?? String(Date.now() % 2 ** 31) },
    /** How many of a package's mutants are run. */
    count: { type: "string", default: "60" },
    file: { type: "string", multiple: true },
    /** Writes the table in CONTRIBUTING.md. */
    write: { type: "boolean", default: false },
  },
});
const packages = [
  "hashing",
  "dockerignore",
  "context",
  "staging",
  "remote-tree",
  "build",
  "compose-files",
  "compose",
  "config",
];
const root = resolve(import.meta.dirname, "../../..");

// Others need the machine: what is started here is as patient.
setPriority(10);
process.env.OTTO_SEED = values.seed;
process.env.OTTO_MUTANTS = values.count;
console.log(`--seed ${values.seed} --count ${values.count}`);

const rows: ScoreRow[] = [];
for (const name of positionals.length > 0 ? positionals : packages) {
  const files = findPureFiles(join(root, "packages", name));
  const outcomes = await runMutants(root, name, values.file ?? files);
  const score = scoreOf(outcomes);
  rows.push({ name, files: files.length, ...score });
  console.log(`\n${name}: ${score.killed} of ${score.run} killed (${score.all} mutants in ${files.length} pure files)`);
  for (const line of formatScores(outcomes)) console.log(`  ${line}`);
  for (const survivor of survivorsOf(outcomes)) console.log(formatSurvivor(`packages/${name}`, survivor));
}

if (values.write) {
  const page = join(root, "CONTRIBUTING.md");
  writeFileSync(page, replaceRows(readFileSync(page, "utf8"), rows));
}
