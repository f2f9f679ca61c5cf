import type { Session } from "../session.js";
import type { JsonRecord } from "./reporter.js";
import { columnsOf, formatTable } from "./table.js";

export interface TableRow {
  /** To a person. */
  readonly cells: readonly string[];
  /** To a program. */
  readonly record: JsonRecord;
}

/** A table whose rows come one after the other. */
export interface GrowingTable {
  /** Tells further rows, as wide as those before, or wider. */
  add(rows: readonly TableRow[]): void;
}

/** Begins a table that fits the terminal. @param header titles of the columns, told with the first rows; default: none */
export function openTable({ reporter, invocation }: Session, header?: readonly string[]): GrowingTable {
  const shown: (readonly string[])[] = [];
  return {
    add(rows) {
      const titles = header === undefined || shown.length > 0 ? [] : [header];
      const cells = [...shown, ...titles, ...rows.map((row) => row.cells)];
      const lines = formatTable(cells, columnsOf(invocation.stdout)).slice(shown.length);
      for (const title of lines.splice(0, titles.length)) reporter.heading(title);
      for (const [index, { record }] of rows.entries()) reporter.item(lines[index] ?? "", record);
      shown.push(...cells.slice(shown.length));
    },
  };
}

/** Tells rows, to a person as a table that fits the terminal. @param header titles of the columns; default: none */
export function showTable(session: Session, rows: readonly TableRow[], header?: readonly string[]): void {
  openTable(session, header).add(rows);
}
