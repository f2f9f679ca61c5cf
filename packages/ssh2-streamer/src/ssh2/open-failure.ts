/** Why ssh2 did not open a channel. */
export type OpenFailure =
  /** The server answered no to the channel, with the reason code of RFC 4254, 5.1. */
  | { readonly why: "refused"; readonly reason: number }
  /** The channel was open; the server did not start the command in it. */
  | { readonly why: "not-started" }
  /** The connection ended before the channel was open: nothing was asked of the server. */
  | { readonly why: "unsent" };

export const administrativelyProhibited = 1;

/**
 * Sorts the errors of ssh2's `exec`, `shell`, `forwardOut` and `openssh_forwardOutStreamLocal`. ssh2 1.17 gives a
 * reason code to a refused channel; the rest differs by text alone, and nothing but this function looks at it.
 */
export function classifyOpenFailure(error: Error & { reason?: unknown }): OpenFailure {
  if (typeof error.reason === "number") return { why: "refused", reason: error.reason };
  if (/^Unable to |^Channel is not open/.test(error.message)) return { why: "not-started" };
  return { why: "unsent" };
}
