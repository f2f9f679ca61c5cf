import type { Engine } from "@otto/engine";
import { createDeadline, OttoError } from "@otto/errors";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ContainerFinder } from "./container-finder.js";

/** An engine that has one container of the service. */
const engine = {
  listContainers: async () => [{ Id: "c1", State: "running", Labels: { "com.docker.compose.service": "s" } }],
  statPath: async () => ({ kind: "file", sizeBytes: 1, linkTarget: "" }),
} as unknown as Engine;

function createUse(error: OttoError, failures: number) {
  const uses: string[] = [];
  const use = async ({ container }: { container: string }) => {
    uses.push(container);
    if (uses.length <= failures) throw error;
    return "done";
  };
  return { uses, use };
}

const unlimited = createDeadline(Number.POSITIVE_INFINITY, undefined);
const finder = () => new ContainerFinder({ id: "p.r.s", service: "s", project: "p", replica: 1, engine });
const notStarted = (isRuntime: boolean) =>
  new OttoError("HOST_COMMAND_NOT_STARTED", "not started", { details: { isRuntime } });

test("what the runtime failed to start is started once more, and not a third time", async () => {
  const once = createUse(notStarted(true), 1);
  expect(await finder().use(unlimited, once.use)).toBe("done");
  expect(once.uses).toEqual(["c1", "c1"]);
  const twice = createUse(notStarted(true), 2);
  await expect(finder().use(unlimited, twice.use)).rejects.toThrow("not started");
  expect(twice.uses).toEqual(["c1", "c1"]);
});

test("a program that cannot be started is tried once", async () => {
  const { uses, use } = createUse(notStarted(false), 1);
  await expect(finder().use(unlimited, use)).rejects.toThrow("not started");
  expect(uses).toEqual(["c1"]);
});

test("one that is still listed and has stopped does not run", async () => {
  const reason = "container c1 is not running";
  const stopped = new OttoError("ENGINE_REQUEST_FAILED", `running a command: ${reason}`, { details: { reason } });
  const { uses, use } = createUse(stopped, 2);
  await expect(finder().use(unlimited, use)).rejects.toMatchObject({ code: "HOST_NOT_RUNNING" });
  expect(uses).toEqual(["c1", "c1"]);
});

test("what the engine refuses for another reason is tried once", async () => {
  const refused = new OttoError("ENGINE_REQUEST_FAILED", "no such user", { details: { reason: "no such user" } });
  const { uses, use } = createUse(refused, 1);
  await expect(finder().use(unlimited, use)).rejects.toThrow("no such user");
  expect(uses).toEqual(["c1"]);
});

describe("a limit", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const options = { id: "p.r.s", service: "s", project: "p", replica: 1 };
  const limitMs = 1000;
  const findWithin = async (finder: ContainerFinder) => {
    using deadline = createDeadline(limitMs, undefined);
    deadline.start();
    return await finder.use(deadline, async ({ container }) => container);
  };

  test("ends the search of its caller, and not that of others", async () => {
    let answer = () => {};
    const answering = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const listContainers = () => answering.then(() => engine.listContainers({}));
    const slow = { ...engine, listContainers } as Engine;
    const finder = new ContainerFinder({ ...options, engine: slow });
    const limited = findWithin(finder);
    const other = finder.use(unlimited, async ({ container }) => container);
    vi.advanceTimersByTime(limitMs);
    await expect(limited).rejects.toMatchObject({ name: "TimeoutError" });
    answer();
    expect(await other).toBe("c1");
  });

  test("does not call off a stack that is brought up, for whoever asks meanwhile either", async () => {
    let finish = () => {};
    let begin = () => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    let isUp = false;
    let calls = 0;
    const bringUp = (signal: AbortSignal) => {
      calls += 1;
      begin();
      return new Promise<void>((resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason as Error));
        finish = () => {
          isUp = true;
          resolve();
        };
      });
    };
    const lazy = { ...engine, listContainers: async () => (isUp ? engine.listContainers({}) : []) } as Engine;
    const finder = new ContainerFinder({ ...options, engine: lazy, bringUp });
    const first = findWithin(finder);
    await begun;
    const second = findWithin(finder);
    vi.advanceTimersByTime(60 * limitMs);
    finish();
    expect(await Promise.all([first, second])).toEqual(["c1", "c1"]);
    expect(calls).toBe(1);
  });
});
