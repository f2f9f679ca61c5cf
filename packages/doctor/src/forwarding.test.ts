import type { SshSession } from "ssh2-streamer";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { cannotForward, forwardsSocket, probeSessions } from "./forwarding.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A server that takes every question and answers none. */
function silentSession(): SshSession {
  const wait = (signal?: AbortSignal) =>
    new Promise<never>((_, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    });
  return {
    name: "hop",
    dialSocket: (_path: string, options?: { signal?: AbortSignal }) => wait(options?.signal),
    spawn: (_argv: readonly string[], options?: { signal?: AbortSignal }) => wait(options?.signal),
  } as unknown as SshSession;
}

const quiet = new AbortController().signal;

test("a server that never opens the socket forwards none, after 15 s", async () => {
  const asked = forwardsSocket(silentSession(), "/var/run/docker.sock", quiet);
  await vi.advanceTimersByTimeAsync(15_000);
  expect(await asked).toBe(false);
});

test("a server that never opens a session has none, after 15 s", async () => {
  const asked = probeSessions({ session: silentSession(), events: [], server: "" }, quiet);
  await vi.advanceTimersByTimeAsync(15_000);
  expect(await asked).toMatchObject({ status: "failed", code: "DOCTOR_NO_SESSIONS" });
});

test("an abort ends the waits at once, with its reason", async () => {
  const stop = new AbortController();
  const asked = [
    forwardsSocket(silentSession(), "/s", stop.signal),
    probeSessions({ session: silentSession(), events: [], server: "" }, stop.signal),
  ];
  const reasons = Promise.all(asked.map((it) => it.catch((error: unknown) => error)));
  stop.abort("enough");
  expect(await reasons).toEqual(["enough", "enough"]);
});

test("a hop that forwards is asked for no program", async () => {
  expect(await cannotForward({ session: silentSession(), events: [] }, quiet)).toBe(false);
});
