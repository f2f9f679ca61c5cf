import { escapeControls } from "@otto/errors";

/** Text as content or attribute of XML and HTML. What no document may hold is shown as an escape. */
export function escapeMarkup(text: string): string {
  const visible = escapeControls(text.toWellFormed(), { line: true });
  return visible
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
    .replace(/[\ufffe\uffff]/g, "\ufffd");
}

/** Columns that a text takes in a font of fixed width. */
export function countColumns(text: string): number {
  let columns = 0;
  for (const { segment } of graphemes.segment(escapeControls(text.toWellFormed(), { line: true }))) {
    columns += widthOf(segment);
  }
  return columns;
}

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** No font is needed to know: what is not Latin is given two columns, which it may not fill. */
function widthOf(grapheme: string): number {
  const code = grapheme.codePointAt(0) ?? 0;
  return code < 0x2500 ? 1 : 2;
}

/** Lines of at most `columns`, broken where words end if they can be. Text from outside becomes safe to show. */
export function wrapText(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  let width = 0;
  for (const { segment } of graphemes.segment(escapeControls(text.toWellFormed(), { line: true }))) {
    if (width + widthOf(segment) > columns) {
      const at = line.search(/[ ,/:._-][^ ,/:._-]*$/);
      const cut = at > columns / 2 ? at + 1 : line.length;
      lines.push(line.slice(0, cut).trimEnd());
      line = line.slice(cut).trimStart();
      width = countColumns(line);
      if (line === "" && segment === " ") continue;
    }
    line += segment;
    width += widthOf(segment);
  }
  return [...lines, line];
}
