import sliceAnsi from "slice-ansi";
import stringWidth from "string-width";

/** How many columns a terminal needs for a text without colours. */
export function widthOf(text: string): number {
  return stringWidth(text);
}

/** A text of at most `width` columns; what is cut ends with `…`. */
export function cutText(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  return width <= 0 ? "" : `${sliceAnsi(text, 0, width - 1)}…`;
}

/** A text of exactly `width` columns. */
export function fitText(text: string, width: number): string {
  const cut = cutText(text, width);
  return cut + " ".repeat(Math.max(width - stringWidth(cut), 0));
}
