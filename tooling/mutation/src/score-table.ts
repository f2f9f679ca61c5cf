import type { Score } from "./outcome.js";

export interface ScoreRow extends Score {
  readonly name: string;
  /** How many pure files it has. */
  readonly files: number;
}

const begin = "<!-- mutants: pnpm mutation --write -->";
const end = "<!-- /mutants -->";
const head = ["package", "pure files", "mutants, run", "killed by unit tests"];

function cellsOf({ name, files, all, run, killed }: ScoreRow): string[] {
  const percent = run === 0 ? 100 : Math.round((100 * killed) / run);
  return [name, `${files}`, `${all}, ${run}`, `${killed} (${percent} %)`];
}

/** As the formatter writes it. */
function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  const format = (cells: readonly string[], filler: string) =>
    `| ${widths.map((width, column) => (cells[column] ?? "").padEnd(width, filler)).join(" | ")} |`;
  const [first = [], ...others] = rows;
  return [format(first, " "), format([], "-"), ...others.map((cells) => format(cells, " "))].join("\n");
}

/** Puts rows into the table of a page, in the place of those of the same packages. */
export function replaceRows(page: string, rows: readonly ScoreRow[]): string {
  const [before, rest = ""] = page.split(begin);
  const [table = "", after] = rest.split(end);
  if (before === undefined || after === undefined) throw new Error(`the page has no table: ${begin} … ${end}`);
  const lines = new Map<string, readonly string[]>();
  for (const line of table.split("\n")) {
    const cells = line.split("|").slice(1, -1);
    const [name = "", files = ""] = cells.map((cell) => cell.trim());
    if (/^\d+$/.test(files))
      lines.set(
        name,
        cells.map((cell) => cell.trim()),
      );
  }
  for (const row of rows) lines.set(row.name, cellsOf(row));
  return `${before}${begin}\n\n${formatTable([head, ...lines.values()])}\n\n${end}${after}`;
}
