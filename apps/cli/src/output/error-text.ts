import { inspect } from "node:util";
import { isOttoError } from "@otto/errors";
import { formatWord } from "../arguments/container-command.js";
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

// Verbs that work in a lab; `otto sends` and the like are sentences.
const verbs = [
  ...[
    "docker",
    "up",
    "down",
    "ps",
    "build",
    "logs",
    "exec",
    "cp",
    "graph",
    "pull",
    "images",
    "config",
    "inspect",
    "wait",
  ],
  ...["stop", "start", "restart", "kill", "pause", "unpause", "top", "stats", "port", "host", "run", "test", "doctor"],
].join("|");
const command = new RegExp(`\\botto (?=(?:${verbs})\\b)`, "g");

/** Commands of a hint work in the lab that was chosen on the line; an answer to a wrong line shows how lines look. */
export function nameLab({ code, message, hint }: ErrorText, lab: string | undefined): ErrorText {
  if (lab === undefined || hint === undefined || code === "CLI_USAGE") return { code, message, hint };
  return { code, message, hint: hint.replace(command, () => `otto --lab ${formatWord(lab)} `) };
}

/** What a person reads before the message: `error[SSH_AUTH_FAILED]:`, the code being what documentation is searched for. */
export function errorLabel({ code }: ErrorText): string {
  return `error[${code}]:`;
}

/** The `error` object of `--json`. */
export function errorRecord(error: unknown, lab?: string): JsonRecord {
  const { code, message, hint } = nameLab(describeError(error), lab);
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
