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
 * back for `countMax` intervals. Any byte counts: on a slow link the answer to a probe waits behind other data. Time in
 * which this process stood still does not count: nothing could be heard then.
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
  const periodMs = Math.min(Math.max(intervalMs / 4, 5), longestTimerMs);
  let silentMs = 0;
  const onData = () => {
    silentMs = 0;
  };
  const check = () => {
    silentMs += periodMs;
    if (silentMs > limitMs) onSilent(Math.round(silentMs));
  };
  // After the timers Node reads what waits on its sockets, and only then runs immediates.
  const timer = setInterval(() => setImmediate(check), periodMs);
  timer.unref();
  socket.on("data", onData);
  return () => {
    clearInterval(timer);
    socket.off("data", onData);
  };
}
