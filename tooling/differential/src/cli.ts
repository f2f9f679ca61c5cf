import { parseArgs } from "node:util";
import { readSeed } from "@otto/lab";
import { formatFinding, formatTallies, isRed } from "./report.js";
import { search } from "./search.js";
import { verbs } from "./verbs/index.js";

// pnpm differential [verb…] [--seed N] [--minutes M | --cases N]: compares otto with the references until the time is over.
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string" },
    minutes: { type: "string" },
    cases: { type: "string" },
    "shrink-seconds": { type: "string", default: "60" },
  },
});
const names = positionals.filter((word) => word !== "--");
const unknown = names.filter((name) => !verbs.some((verb) => verb.name === name));
if (unknown.length > 0)
  throw new Error(`no verb ${unknown.join(", ")}; there are ${verbs.map(({ name }) => name).join(", ")}`);

const seed = values.seed === undefined ? readSeed() : Number(values.seed);
const minutes = Number(values.minutes ?? (values.cases === undefined ? 1 : Number.POSITIVE_INFINITY));
const cases = Number(values.cases ?? Number.POSITIVE_INFINITY);
const end = Date.now() + minutes * 60_000;
const chosen = names.length === 0 ? verbs : verbs.filter(({ name }) => names.includes(name));
console.log(`seed ${seed}: ${chosen.map(({ name }) => name).join(", ")}`);

const started = Date.now();
const tallies = await search(chosen, {
  seed,
  // Each verb is compared once, however short the time is.
  goesOn: (done) => done < cases && (done === 0 || Date.now() < end),
  onFinding: (finding) => console.log(formatFinding(finding)),
  shrinkMs: Number(values["shrink-seconds"]) * 1000,
});
console.log(formatTallies(tallies, (Date.now() - started) / 60_000));
process.exitCode = isRed(tallies) ? 1 : 0;
