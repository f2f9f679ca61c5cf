import type { AnyAuthMethod, AuthenticationType } from "ssh2";

/** One way to log in, with the name that messages call it by. */
export interface AuthAttempt {
  readonly label: string;
  /** As servers name the methods they take. */
  readonly method: AuthenticationType;
  /** How often the server may refuse it: more than once where a person answers. */
  readonly tries: number;
  /** Of a key, in SSH's wire format, as base64: no key is offered twice. */
  readonly publicKey?: string | undefined;
  /**
   * Makes what ssh2 sends, or further attempts to take its place; undefined: nobody answered. Absent for what cannot be
   * tried, which `label` explains.
   * @param count 1, and one more after each refusal
   */
  readonly prepare?: ((count: number) => Promise<Prepared | undefined>) | undefined;
  /** What makes it one that can be tried. */
  readonly hint?: string | undefined;
}

export type Prepared =
  | AnyAuthMethod
  | { readonly expanded: readonly AuthAttempt[]; readonly failures: readonly string[] };
