import { inspect } from "node:util";
import { isOttoError } from "@otto/errors";
import type { JsonRecord } from "./reporter.js";

/** What an error says, in the parts that both reporters show. */
export interface ErrorText {
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
}

/** An error of ours speaks for itself; anything else is a fault of otto. */
export function describeError(error: unknown): ErrorText {
  if (isOttoError(error)) return { code: error.code, message: error.message, hint: error.hint };
  if (isAbort(error)) return { code: "CLI_INTERRUPTED", message: "interrupted", hint: undefined };
  return {
    code: "CLI_UNEXPECTED",
    message: `unexpected: ${error instanceof Error ? error.message : String(error)}`,
    hint: "This is a fault of otto: run again with --log-level debug and report what it shows.",
  };
}

/** What a person reads before the message: `error[SSH_AUTH_FAILED]:`, the code being what documentation is searched for. */
export function errorLabel({ code }: ErrorText): string {
  return `error[${code}]:`;
}

/** The `error` object of `--json`. */
export function errorRecord(error: unknown): JsonRecord {
  const { code, message, hint } = describeError(error);
  const details = isOttoError(error) ? error.details : undefined;
  return { type: "error", code, message, hint, details };
}

/** The stack and the causes, for `--log-level debug`. */
export function formatTrace(error: unknown): string {
  return inspect(error, { depth: 4 });
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}
