import { stripVTControlCharacters } from "node:util";
import type { Secret } from "./secret.js";

// Control characters but tab and newline, and the marks that reorder text on a terminal.
const unsafe = /[^\P{Cc}\t\n]|[\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Makes text from outside (a server, a container, a child process) fit for a message or a log: no terminal escapes,
 * no control characters but tab and newline, and each of `secrets` replaced by `[redacted]`.
 */
export function cleanText(text: string, secrets: readonly Secret[] = []): string {
  let cleaned = stripVTControlCharacters(text).replaceAll("\r\n", "\n").replace(unsafe, "");
  for (const secret of secrets) {
    const value = secret.reveal();
    if (value !== "") cleaned = cleaned.replaceAll(value, String(secret));
  }
  return cleaned;
}
