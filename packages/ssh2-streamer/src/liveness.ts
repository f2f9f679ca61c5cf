import type { Duplex } from "node:stream";
import { longestTimerMs } from "@otto/errors";

export interface SilenceSetting {
  readonly intervalMs: number;
  readonly countMax: number;
  /** Added to the whole. */
  readonly graceMs: number;
}

/**
 * Watches a socket on which something keeps probing every `intervalMs`, and calls `onSilent` when nothing at all came
 * back for `countMax` intervals. Any byte counts: on a slow link the answer to a probe waits behind other data.
 *
 * @returns stops watching
 */
export function watchSilence(
  socket: Duplex,
  { intervalMs, countMax, graceMs }: SilenceSetting,
  onSilent: (silentMs: number) => void,
): () => void {
  if (intervalMs <= 0) return () => {};
  // With a count of 1, an answer that is a round trip late would look like silence.
  const limitMs = intervalMs * Math.max(countMax, 2) + graceMs;
  let heardAt = performance.now();
  const onData = () => {
    heardAt = performance.now();
  };
  const check = () => {
    const silentMs = performance.now() - heardAt;
    if (silentMs >= limitMs) onSilent(Math.round(silentMs));
  };
  const timer = setInterval(check, Math.min(Math.max(intervalMs / 4, 5), longestTimerMs));
  timer.unref();
  socket.on("data", onData);
  return () => {
    clearInterval(timer);
    socket.off("data", onData);
  };
}
