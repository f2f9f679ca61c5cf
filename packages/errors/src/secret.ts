import { inspect } from "node:util";

/** What stands in the place of a secret. */
export const redacted = "[redacted]";

/** A value, of text or bytes, that prints, logs and serialises as `[redacted]`; only its two methods give it. */
export class Secret {
  readonly #value: string | Uint8Array;

  constructor(value: string | Uint8Array) {
    this.#value = value;
  }

  /** As text; bytes are read as UTF-8. */
  reveal(): string {
    return typeof this.#value === "string" ? this.#value : Buffer.from(this.#value).toString();
  }

  revealBytes(): Uint8Array {
    return typeof this.#value === "string" ? Buffer.from(this.#value) : this.#value;
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }

  [inspect.custom](): string {
    return redacted;
  }
}
