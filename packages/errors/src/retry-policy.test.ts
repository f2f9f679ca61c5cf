import { expect, test } from "vitest";
import { RetryPolicy } from "./retry-policy.js";

const passing = new Error("dropped");
const { signal: never } = new AbortController();

test("what may pass is tried again after each pause, until there is none", async () => {
  const pauses = [0, 1];
  const retried: number[] = [];
  const policy = new RetryPolicy({
    mayPass: (error) => error === passing,
    pauseMs: (failures) => pauses[failures],
    signal: never,
    onRetry: (_error, failures) => retried.push(failures),
  });
  const outcomes: (Error | number)[] = [passing, passing, 1, passing, passing, passing];
  const work = async () => {
    const outcome = outcomes.shift();
    if (outcome instanceof Error) throw outcome;
    return outcome;
  };
  // A success begins anew.
  expect(await policy.run(work)).toBe(1);
  await expect(policy.run(work)).rejects.toBe(passing);
  expect(retried).toEqual([0, 1, 0, 1]);
  expect(outcomes).toEqual([]);
});

test("what does not pass is thrown at once", async () => {
  const policy = new RetryPolicy({ mayPass: () => false, pauseMs: () => 0, signal: never });
  await expect(policy.run(() => Promise.reject(passing))).rejects.toBe(passing);
});

test("an abort ends the wait with its own reason", async () => {
  const caller = new AbortController();
  const policy = new RetryPolicy({ mayPass: () => true, pauseMs: () => 60_000, signal: caller.signal });
  const running = policy.run(() => Promise.reject(passing));
  caller.abort(new Error("enough"));
  await expect(running).rejects.toThrow("enough");
});
