import type { Session } from "../session.js";
import type { JsonRecord } from "./reporter.js";
import { columnsOf, formatTable } from "./table.js";

export interface TableRow {
  /** To a person. */
  readonly cells: readonly string[];
  /** To a program. */
  readonly record: JsonRecord;
}

/** Tells rows, to a person as a table that fits the terminal. @param header titles of the columns; default: none */
export function showTable(
  { reporter, invocation }: Session,
  rows: readonly TableRow[],
  header?: readonly string[],
): void {
  const titles = header === undefined ? [] : [header];
  const lines = formatTable([...titles, ...rows.map(({ cells }) => cells)], columnsOf(invocation.stdout));
  for (const title of lines.splice(0, titles.length)) reporter.heading(title);
  for (const [index, { record }] of rows.entries()) reporter.item(lines[index] ?? "", record);
}
