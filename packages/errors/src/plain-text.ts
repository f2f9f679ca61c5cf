import { stripVTControlCharacters } from "node:util";

// Control characters but tab and newline, and the marks that reorder text on a terminal.
const unsafe = /[^\P{Cc}\t\n]|[\u202a-\u202e\u2066-\u2069]/gu;
// What a carriage return has the rest of its line overwrite.
const overwritten = /(?<![^\n])[^\n]*\r(?=[^\r\n])/g;

/** Text without terminal escapes and control characters but tab and newline; of a line, what it shows last. */
export function plainText(text: string): string {
  return stripVTControlCharacters(text).replace(overwritten, "").replace(unsafe, "");
}
