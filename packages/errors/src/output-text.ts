import { StringDecoder } from "node:string_decoder";
import { plainText } from "./plain-text.js";
import type { RedactedText, Redactor } from "./redactor.js";

/** So much of a line that does not end waits for its end. */
const longestLine = 64 * 1024;

/**
 * Does for the output of a program, which comes in parts, what `cleanText` does for a text: letters, escapes, lines that
 * are overwritten and secrets may be cut by the parts. What is shown goes to the end of a line, until {@link flush}.
 */
export class OutputText {
  readonly #decoder = new StringDecoder("utf8");
  readonly #redacted: RedactedText;
  #line = "";

  constructor(redactor: Redactor) {
    this.#redacted = redactor.open();
  }

  /** @returns what can be shown by now */
  write(part: Uint8Array | string): string {
    const text = typeof part === "string" ? part : this.#decoder.write(Buffer.from(part));
    const end = text.lastIndexOf("\n") + 1;
    if (end === 0) {
      this.#line += text;
      return this.#line.length > longestLine ? this.#redacted.write(plainText(this.#takeLine(""))) : "";
    }
    const whole = this.#line + text.slice(0, end);
    this.#takeLine(text.slice(end));
    return this.#redacted.write(plainText(whole));
  }

  /** @returns what waited for its end. More may follow. */
  flush(): string {
    const rest = plainText(this.#takeLine("") + this.#decoder.end());
    return this.#redacted.write(rest) + this.#redacted.end();
  }

  #takeLine(next: string): string {
    const line = this.#line;
    this.#line = next;
    return line;
  }
}
