import type { LabKind } from "@otto/lab";
import { findSurprises, type KnownFault, type Results, type SuiteName, type SuiteResult, suites } from "./results.js";

const names = Object.keys(suites) as SuiteName[];
const begin = "<!-- worlds: written by `pnpm worlds` -->";
const end = "<!-- /worlds -->";

/** The table as Markdown, and under it why what is red is red. */
export function formatTable(
  kinds: Readonly<Record<string, Pick<LabKind, "what">>>,
  results: Results,
  faults: readonly KnownFault[],
): string {
  const rows = Object.entries(kinds).map(([kind, { what }]) => [
    `\`${kind}\``,
    what,
    ...names.map((suite) => formatCell(results[kind]?.[suite])),
  ]);
  const head = ["world", "what it is", ...names];
  const table = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return [...table, "", ...formatReasons(results, faults)].join("\n").trimEnd();
}

function formatCell(result: SuiteResult | undefined): string {
  if (result === undefined) return "not run";
  const { passed, failed } = result;
  return failed.length === 0 ? `${passed} passed` : `**${failed.length} failed**, ${passed} passed`;
}

function formatReasons(results: Results, faults: readonly KnownFault[]): string[] {
  const shown = faults.filter(({ kind, suite }) => results[kind]?.[suite] !== undefined);
  const reasons = shown.map((one) => {
    const red = results[one.kind]?.[one.suite]?.failed.filter((name) => new RegExp(one.tests).test(name)) ?? [];
    return `- \`${one.kind}\`, ${one.suite}, ${red.length} ${red.length === 1 ? "test" : "tests"}: ${one.fault}`;
  });
  const cells = Object.entries(results).flatMap(([kind, row]) =>
    names.map((suite) => [kind, suite, row[suite]] as const),
  );
  const open = cells.flatMap(([kind, suite, result]) =>
    result === undefined ? [] : findSurprises(kind, suite, result, faults),
  );
  return [...reasons, ...open.map((surprise) => `- ${surprise}`)];
}

/** The text with the table between its marks. @throws Error when the marks are missing */
export function replaceTable(text: string, table: string): string {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`worlds: no ${begin} … ${end} in the text`);
  return `${text.slice(0, from)}${begin}\n\n${table}\n\n${text.slice(to)}`;
}

/** What stands between the marks. */
export function findTable(text: string): string {
  return text.slice(text.indexOf(begin) + begin.length, text.indexOf(end)).trim();
}
