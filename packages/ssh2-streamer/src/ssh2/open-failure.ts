import type { OpenFailure } from "../transport/transport.js";

/**
 * Sorts the errors of ssh2's `exec`, `shell`, `forwardOut` and `openssh_forwardOutStreamLocal`. ssh2 1.17 gives a
 * reason code to a refused channel; the rest differs by text alone, and nothing but this function looks at it.
 */
export function classifyOpenFailure(error: Error & { reason?: unknown }): OpenFailure {
  if (typeof error.reason === "number") return { why: "refused", reason: error.reason, error };
  return { why: /^Unable to |^Channel is not open/.test(error.message) ? "not-started" : "unsent", error };
}
