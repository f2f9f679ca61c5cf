import { stripVTControlCharacters } from "node:util";
import { stripControls } from "./control-characters.js";

// What a carriage return has the rest of its line overwrite.
const overwritten = /(?<![^\n])[^\n]*\r(?=[^\r\n])/g;

/** Text without terminal escapes, control characters but tab and newline, and bidi marks; of a line, what it shows last. */
export function plainText(text: string): string {
  return stripControls(stripVTControlCharacters(text).replace(overwritten, ""));
}
