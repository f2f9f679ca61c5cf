import { OttoError } from "@otto/errors";
import { cleanPath, trimSpace } from "./go-text.js";

// The reference reads lines through Go's bufio.Scanner, whose buffer is 64 KiB.
const longestLineBytes = 64 * 1024 - 1;

/**
 * Reads a `.dockerignore` into patterns, as BuildKit does: a byte order mark goes, lines that start with `#` are
 * comments, the rest is trimmed, cleaned lexically and made relative to the context.
 *
 * @param text Docker's client turns each byte that is not UTF-8 into U+FFFD
 * @throws IGNORE_FILE_INVALID a line is 64 KiB long or longer
 * @see https://github.com/moby/patternmatcher ignorefile
 */
export function parseIgnoreFile(text: string): string[] {
  return text
    .toWellFormed()
    .replace(/^\ufeff/, "")
    .split("\n")
    .flatMap((line, index) => parseLine(line, index + 1));
}

function parseLine(line: string, lineNumber: number): string[] {
  if (line.length * 3 > longestLineBytes && Buffer.byteLength(line) > longestLineBytes) {
    throw new OttoError("IGNORE_FILE_INVALID", `line ${lineNumber} of the ignore file: bufio.Scanner: token too long`, {
      hint: "Shorten the line: BuildKit refuses ignore files with lines of 64 KiB or more.",
    });
  }
  if (line.startsWith("#")) return [];
  const pattern = trimSpace(line);
  if (pattern === "") return [];
  return pattern.startsWith("!") ? [`!${cleanPattern(trimSpace(pattern.slice(1)))}`] : [cleanPattern(pattern)];
}

function cleanPattern(pattern: string): string {
  if (pattern === "") return "";
  const cleaned = cleanPath(pattern);
  return cleaned.length > 1 && cleaned.startsWith("/") ? cleaned.slice(1) : cleaned;
}
