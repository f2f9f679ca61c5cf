import type { Secret } from "@otto/errors";

/** What a login asks of a person. Text that comes from the server is safe to show on a terminal. */
export interface SshPrompt {
  /** The endpoint's name. */
  readonly host: string;
  /** `address:port` of the endpoint: two machines may have one name, as one of a lab and one of an SSH configuration. */
  readonly address: string;
  readonly user: string;
  /** `keyboard-interactive`: whatever the server asks, such as a one-time code; `pin`: of a security key or a token. */
  readonly kind: "password" | "passphrase" | "pin" | "keyboard-interactive";
  /** The file of the private key that a `passphrase` or `pin` is for. */
  readonly keyPath?: string | undefined;
  /** The server's title of its questions; empty for most. */
  readonly name: string;
  /** The server's text above its questions; empty for most. */
  readonly instruction: string;
  readonly questions: readonly PromptQuestion[];
  /** 1; one more after each answer that was wrong. */
  readonly attempt: number;
}

export interface PromptQuestion {
  /** `Password: ` */
  readonly text: string;
  /** Whether the answer may be shown while it is typed. */
  readonly echo: boolean;
}

/**
 * Asks a person. Several connections may ask at once. What it throws is the error of the connection.
 *
 * @param signal aborts when the connection does not wait for the answers any more
 * @returns one answer to each question, in their order; undefined when nobody answers
 */
export type SshPromptHandler = (prompt: SshPrompt, signal: AbortSignal) => Promise<readonly string[] | undefined>;

/** Reads a secret when a login first needs it, from a vault for instance. What it throws is the error of the connection. */
export type ReadSecret = (signal: AbortSignal) => Promise<Secret>;
