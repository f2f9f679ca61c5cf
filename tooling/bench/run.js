// pnpm bench <name>
import { readdirSync } from "node:fs";

const [name] = process.argv.slice(2);
const entries = readdirSync(import.meta.dirname, { withFileTypes: true });
const names = entries
  .filter((entry) => entry.isDirectory() && entry.name !== "node_modules")
  .map((entry) => entry.name);
if (names.includes(name)) {
  await import(`./${name}/bench.js`);
} else {
  process.stderr.write(`usage: pnpm bench ${names.join("|")}\n`);
  process.exitCode = 2;
}
