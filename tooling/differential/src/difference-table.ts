import type { DifferenceKind, KnownDifference } from "./known-differences.js";

const begin = "<!-- differences: written by pnpm docs:write -->";
const end = "<!-- /differences -->";

const headings: Readonly<Record<DifferenceKind, string>> = {
  meant: "Differences that are meant",
  reference: "Where the reference is at fault",
  fault: "Known faults of otto",
};

/** The README with the table of known differences between its marks. */
export function writeTable(readme: string, rows: readonly KnownDifference[]): string {
  const [before, rest] = splitOnce(readme, begin);
  const [, after] = splitOnce(rest, end);
  const kinds = Object.keys(headings) as DifferenceKind[];
  const sections = kinds.map((kind) =>
    formatSection(
      headings[kind],
      rows.filter((row) => row.kind === kind),
    ),
  );
  return `${before}${begin}\n\n${sections.join("\n")}\n${end}${after}`;
}

/** The words of the table, without the widths that the formatter gives its columns. */
export function readTable(readme: string): string {
  const [, rest] = splitOnce(readme, begin);
  const [table] = splitOnce(rest, end);
  return table.replaceAll(/ +/g, " ").replaceAll(/-{3,}/g, "---");
}

function formatSection(heading: string, rows: readonly KnownDifference[]): string {
  if (rows.length === 0) return `### ${heading}\n\nNone.\n`;
  const head = "| verb | difference | reason |\n| --- | --- | --- |\n";
  const lines = rows.map(
    ({ verb, difference, reason }) => `| ${[verb, difference, reason].map(escapeBars).join(" | ")} |\n`,
  );
  return `### ${heading}\n\n${head}${lines.join("")}`;
}

function escapeBars(text: string): string {
  return text.replaceAll("|", "\\|");
}

function splitOnce(text: string, mark: string): readonly [string, string] {
  const at = text.indexOf(mark);
  if (at < 0) throw new Error(`the README has no ${mark}`);
  return [text.slice(0, at), text.slice(at + mark.length)];
}
