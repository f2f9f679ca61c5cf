import { isOttoError, RetryPolicy } from "@otto/errors";

/** What comes of a cut link or an engine that restarts, and may pass. */
const passing: ReadonlySet<string> = new Set([
  "ENGINE_UNREACHABLE",
  "ENGINE_STREAM_LOST",
  "SSH_CONNECTION_LOST",
  "SSH_CONNECT_FAILED",
  "SSH_CHANNEL_REFUSED",
  "SSH_FORWARDING_REFUSED",
]);

const firstPauseMs = 50;
const longestPauseMs = 2000;

/** Waits an interruption out. @param limitMs how long nothing may work */
export function createRetryPolicy(limitMs: number, signal: AbortSignal): RetryPolicy {
  return new RetryPolicy({
    mayPass: (error) => isOttoError(error) && passing.has(error.code),
    pauseMs: (failures, failingMs) =>
      failingMs >= limitMs ? undefined : Math.min(firstPauseMs * 2 ** failures, longestPauseMs),
    signal,
  });
}
