import { drawBox, drawText, lineHeight, toSvg, widthOf } from "./svg.js";

/** What a terminal shows at a moment. */
export interface Still {
  readonly caption: string;
  readonly lines: readonly string[];
}

/** Stills of a terminal, one above the other. */
export function drawStills(title: string, stills: readonly Still[]): string {
  const columns = Math.max(...stills.flatMap(({ caption, lines }) => [caption, ...lines]).map(widthOf));
  let top = 16;
  const body = stills.flatMap(({ caption, lines }) => {
    const height = lines.length * lineHeight + 20;
    const drawn = [
      drawText(caption, 16, top + 12, "dim"),
      drawBox(16, top + 22, columns + 32, height),
      ...lines.map((line, index) => drawText(line, 32, top + 44 + index * lineHeight, styleOf(line))),
    ];
    top += height + 40;
    return drawn;
  });
  return toSvg(title, columns + 64, top, body);
}

function styleOf(line: string): string {
  if (line.startsWith("✔")) return "done";
  return /^[^\w\s$]/.test(line) ? "working" : "";
}
