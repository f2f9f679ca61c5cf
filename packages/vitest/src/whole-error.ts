import { isOttoError, OttoError } from "@otto/errors";

// The end of what a tool or a service said holds the reason.
const shownOutputLines = 20;

/** An error whose message says all: of what it carries beside that, vitest's reporters show nothing. */
export function wholeError(error: unknown): unknown {
  if (!isOttoError(error)) return error;
  const { code, message, hint, details, cause } = error;
  const output = typeof details?.output === "string" ? details.output.trimEnd().split("\n") : [];
  const lines = output.slice(-shownOutputLines).map((line) => `  | ${line}`);
  const whole = [message, ...lines, ...(hint === undefined ? [] : [`hint: ${hint}`])].join("\n");
  return new OttoError(code, whole, { hint, details, cause });
}
