/** Lines with columns two spaces apart; the last is not padded. */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const widths = rows.reduce<number[]>((sofar, row) => {
    for (const [column, text] of row.entries()) sofar[column] = Math.max(sofar[column] ?? 0, text.length);
    return sofar;
  }, []);
  return rows.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
