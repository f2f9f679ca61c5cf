import { escapeControls } from "./control-characters.js";

const brand = Symbol.for("otto.error");

/** Plain data that survives `JSON.stringify`. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export interface OttoErrorOptions {
  /** The next thing to do, as an imperative sentence. */
  readonly hint?: string | undefined;
  /** Facts for programs. Never secrets. */
  readonly details?: { readonly [key: string]: Json } | undefined;
  readonly cause?: unknown;
}

/**
 * An error that a user can act on: `message` says what was being done, to what, and what came back. Control characters
 * and bidi marks of what `message` and `hint` quote are shown as escapes; `details` has them as they are.
 */
export class OttoError<Code extends string = string> extends Error {
  override readonly name = "OttoError";
  /** `AREA_WHAT`; stable, part of the package's semver. */
  readonly code: Code;
  readonly hint: string | undefined;
  readonly details: { readonly [key: string]: Json } | undefined;

  constructor(code: Code, message: string, options: OttoErrorOptions = {}) {
    super(escapeControls(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint === undefined ? undefined : escapeControls(options.hint);
    this.details = options.details;
    Object.defineProperty(this, brand, { value: true });
  }
}

/** The same error with another hint or other details. @param change what is to be other; the rest stays */
export function amendError<Code extends string>(
  { code, message, hint, details, cause }: OttoError<Code>,
  change: Pick<OttoErrorOptions, "hint" | "details">,
): OttoError<Code> {
  return new OttoError(code, message, { hint, details, cause, ...change });
}

/**
 * Whether `error` is an {@link OttoError}, of this code when one is given. Works across two copies of this package,
 * where `instanceof` does not.
 */
export function isOttoError<Code extends string = string>(error: unknown, code?: Code): error is OttoError<Code> {
  if (typeof error !== "object" || error === null || !(brand in error)) return false;
  return code === undefined || (error as { code?: unknown }).code === code;
}
