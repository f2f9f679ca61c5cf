// Control characters (C0, DEL, C1), the separators that end a line on some terminals, and the marks that reorder text.
const classes = "\\p{Cc}\\u2028\\u2029\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069";
const unsafe = new RegExp(`[${classes}]`, "u");
const unsafeButLayout = new RegExp(`(?![\\t\\n])[${classes}]`, "gu");
const unsafeAtAll = new RegExp(unsafe, "gu");

/** Whether text is fit for a name: no control characters, tab and newline included, no line separators, no bidi marks. */
export function isPrintable(text: string): boolean {
  return !unsafe.test(text);
}

/** Removes control characters but tab and newline, line separators and bidi marks. */
export function stripControls(text: string): string {
  return text.replace(unsafeButLayout, "");
}

/**
 * Shows control characters, line separators and bidi marks as escapes: `\u009b`. For text whose names somebody else chose. With `line` one
 * line is wanted: tab and newline are shown, too.
 */
export function escapeControls(text: string, { line = false }: { readonly line?: boolean } = {}): string {
  return text.replace(line ? unsafeAtAll : unsafeButLayout, escapeCharacter);
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
