import type { Score } from "./outcome.js";

export interface ScoreRow extends Score {
  readonly name: string;
  /** How many pure files it has. */
  readonly files: number;
}

const begin = "<!-- mutants: pnpm mutation --write -->";
const end = "<!-- /mutants -->";
const head = ["| package | pure files | mutants, run | killed by unit tests |", "| --- | --- | --- | --- |"];

function formatRow({ name, files, all, run, killed }: ScoreRow): string {
  const percent = run === 0 ? 100 : Math.round((100 * killed) / run);
  return `| ${name} | ${files} | ${all}, ${run} | ${killed} (${percent} %) |`;
}

/** Puts rows into the table of a page, in the place of those of the same packages. */
export function replaceRows(page: string, rows: readonly ScoreRow[]): string {
  const [before, rest = ""] = page.split(begin);
  const [table = "", after] = rest.split(end);
  if (before === undefined || after === undefined) throw new Error(`the page has no table: ${begin} … ${end}`);
  const lines = new Map<string, string>();
  for (const line of table.split("\n")) {
    const name = /^\| ([\w-]+) +\| \d/.exec(line)?.[1];
    if (name !== undefined) lines.set(name, line);
  }
  for (const row of rows) lines.set(row.name, formatRow(row));
  return `${before}${begin}\n${[...head, ...lines.values()].join("\n")}\n${end}${after}`;
}
