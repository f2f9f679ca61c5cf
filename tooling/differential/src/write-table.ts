import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeTable } from "./difference-table.js";
import { knownDifferences } from "./known-differences.js";

// Part of pnpm docs:write: writes the table of known differences in this package's README anew.
const readme = join(import.meta.dirname, "../README.md");
writeFileSync(readme, writeTable(readFileSync(readme, "utf8"), knownDifferences));
