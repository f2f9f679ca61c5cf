import { escapeControls } from "@otto/errors";
import type { OutputStream } from "../invocation.js";
import { fitText, widthOf } from "./fit-text.js";

type Row = readonly string[];

const gap = "  ";
/** No column is cut to less. */
const leastWidth = 8;

/**
 * Lines with columns two spaces apart; the last is not padded. What does not fit in `columns` is cut, the widest column
 * first and never the first one, which is what people type again. The last cell of a row that is shorter than others runs
 * over the rest of the line: it makes no column wide and is not cut. A cell with a newline in it is one line all the same.
 * @param columns of the terminal; default: as many as it takes
 */
export function formatTable(cells: readonly Row[], columns = Number.POSITIVE_INFINITY): string[] {
  const rows = cells.map((row) => row.map((text) => escapeControls(text, { line: true })));
  const widths = fitWidths(measureColumns(rows), columns);
  return rows.map((row) =>
    row
      .map((text, column) => (isRest(row, column, widths) ? text : fitText(text, widths[column] ?? 0)))
      .join(gap)
      .trimEnd(),
  );
}

/** How many columns a terminal has; undefined where what is written goes to a file or a program. */
export function columnsOf({ isTTY, columns }: Pick<OutputStream, "isTTY" | "columns">): number | undefined {
  return isTTY === true && columns ? columns : undefined;
}

function measureColumns(rows: readonly Row[]): number[] {
  const widths = Array.from({ length: Math.max(0, ...rows.map((row) => row.length)) }, () => 0);
  for (const row of rows) {
    for (const [column, text] of row.entries()) {
      if (!isRest(row, column, widths)) widths[column] = Math.max(widths[column] ?? 0, widthOf(text));
    }
  }
  return widths;
}

function isRest(row: Row, column: number, widths: readonly number[]): boolean {
  return column === row.length - 1 && row.length < widths.length;
}

function fitWidths(widths: readonly number[], columns: number): readonly number[] {
  const fitted = [...widths];
  const whole = fitted.reduce((sum, width) => sum + width + gap.length, -gap.length);
  for (let excess = whole - columns; excess > 0; excess -= 1) {
    const widest = Math.max(...fitted.slice(1));
    if (widest <= leastWidth) break;
    fitted[fitted.lastIndexOf(widest)] = widest - 1;
  }
  return fitted;
}
