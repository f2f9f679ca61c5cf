import { plainText } from "./plain-text.js";
import { createRedactor, type Redactor } from "./redactor.js";
import type { Secret } from "./secret.js";

/**
 * Makes text from outside (a server, a container, a child process) fit for a message or a log: no terminal escapes,
 * no control characters but tab and newline, of a line that carriage returns overwrite its last state, and each of
 * `secrets` replaced by `[redacted]`, in every form that {@link createRedactor} knows.
 */
export function cleanText(text: string, secrets: readonly Secret[] | Redactor = []): string {
  const redactor = "redact" in secrets ? secrets : createRedactor(secrets);
  return redactor.redact(plainText(text));
}
