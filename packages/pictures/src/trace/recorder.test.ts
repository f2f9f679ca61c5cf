import { expect, test } from "vitest";
import { createTraceRecorder } from "./recorder.js";
import type { Trace } from "./trace.js";

/** A recorder with a clock that is set by hand. */
function record(
  events: readonly (readonly [number, { readonly type: string; readonly [key: string]: unknown }])[],
  end = 10_000,
): Trace {
  let time = 1000;
  const recorder = createTraceRecorder({ name: "otto docker up", now: () => time });
  for (const [at, event] of events) {
    time = at;
    recorder.onEvent(event);
  }
  time = end;
  return recorder.finish({ exit_code: 0 });
}

const linesOf = ({ spans }: Trace) => {
  const names = new Map(spans.map(({ id, name }) => [id, name]));
  return spans.map(({ name, kind, startMs, endMs, parentId, isFailed }) =>
    [`${startMs}-${endMs}`, kind, name, isFailed ? "failed" : "", `< ${names.get(parentId ?? "") ?? ""}`]
      .filter((part) => part !== "")
      .join(" "),
  );
};

const step = (name: string, state: string, times = {}) => ({
  type: "build.step",
  image: "api",
  step: name,
  state,
  ...times,
});

test("steps have the engine's own times, by this machine's clock", () => {
  // The engine's clock is 50,000 ms ahead, and its report takes 5 ms at least.
  const trace = record([
    [1100, { type: "build.started", image: "api", tag: "shop-api:1", cause: "new" }],
    [1205, step("RUN a", "started", { startedAt: 51_200 })],
    [1220, { type: "build.sent", image: "api", bytes: 10, totalBytes: 30 }],
    [1240, { type: "build.sent", image: "api", bytes: 30, totalBytes: 30 }],
    [2030, step("RUN a", "done", { startedAt: 51_200, completedAt: 52_000 })],
    [2040, step("RUN b", "failed", { startedAt: 52_000, completedAt: 52_030 })],
    [2050, { type: "build.finished", image: "api", result: { status: "failed", error: { code: "BUILD_FAILED" } } }],
  ]);
  expect(linesOf(trace)).toEqual([
    "1000-10000 command otto docker up < ",
    "1100-2050 build build api failed < otto docker up",
    "1205-2005 build RUN a < build api",
    "1220-1240 transfer send the context of api < build api",
    "2005-2035 build RUN b failed < build api",
  ]);
  expect(trace.spans[3]?.facts).toEqual({ bytes: 30 });
});

test("phases hold the round trips and services of their time", () => {
  const phase = (name: string) => ({ type: "compose.phase", project: "p", phase: name });
  const service = (name: string, state: string, more = {}) => ({
    type: "compose.service",
    project: "p",
    service: name,
    state,
    ...more,
  });
  const trace = record(
    [
      [1000, phase("lock")],
      [1200, { type: "ssh.connected", hop: "gate", durationMs: 150 }],
      [1300, { type: "compose.waiting", project: "p", who: "ada", since: new Date(0) }],
      [2000, phase("observe")],
      [2100, { type: "ssh.opened", hop: "pepper", what: "command", waitedMs: 20, durationMs: 30 }],
      [2200, phase("apply")],
      [2300, service("db", "starting", { replica: 1 })],
      [2300, service("api", "waiting", { waitsFor: ["db"] })],
      [3000, service("db", "healthy", { replica: 1 })],
      [3000, service("api", "exited", { exitCode: 3 })],
      [3500, phase("end")],
      [3600, { type: "ssh.traffic", hop: "gate", sentBytes: 7, receivedBytes: 9 }],
    ],
    4000,
  );
  expect(linesOf(trace)).toEqual([
    "1000-4000 command otto docker up < ",
    "1000-2000 wait connect and lock p < otto docker up",
    "1050-1200 ssh connect to gate < connect and lock p",
    "1300-2000 wait wait for the lock of ada < otto docker up",
    "2000-2200 compose observe p < otto docker up",
    "2050-2070 wait wait for a session on pepper < observe p",
    "2070-2100 ssh open a command on pepper < observe p",
    "2200-3500 compose apply the plan to p < otto docker up",
    "2300-3000 service db starting < apply the plan to p",
    "2300-3000 wait api waits for db failed < apply the plan to p",
  ]);
  expect(trace.spans[0].facts).toEqual({ exit_code: 0, "ssh.sent_bytes": 7, "ssh.received_bytes": 9 });
});

test("connecting is a part of the wait for it, and the hop's of that through it", () => {
  const trace = record(
    [
      [1310, { type: "ssh.connected", hop: "gate", durationMs: 290 }],
      [1340, { type: "ssh.opened", hop: "gate", what: "port", waitedMs: 300, durationMs: 30 }],
      [1800, { type: "ssh.connected", hop: "pepper", durationMs: 795 }],
      [1850, { type: "ssh.opened", hop: "pepper", what: "socket", waitedMs: 800, durationMs: 50 }],
    ],
    2000,
  );
  expect(linesOf(trace).slice(1)).toEqual([
    "1000-1800 wait wait for a session on pepper < otto docker up",
    "1005-1800 ssh connect to pepper < wait for a session on pepper",
    "1010-1310 wait wait for a session on gate < connect to pepper",
    "1020-1310 ssh connect to gate < wait for a session on gate",
    "1310-1340 ssh open a port on gate < connect to pepper",
    "1800-1850 ssh open a socket on pepper < otto docker up",
  ]);
  expect(trace.spans[0].facts).toEqual({ exit_code: 0 });
});

test("what another process recorded is a part, with its bytes", () => {
  const part = record([[1500, { type: "ssh.traffic", hop: "gate", sentBytes: 1, receivedBytes: 2 }]], 2000);
  const recorder = createTraceRecorder({ name: "otto test", startMs: 500, now: () => 3000 });
  recorder.addTrace(part);
  const whole = recorder.finish();
  expect(linesOf(whole)).toEqual(["500-3000 command otto test < ", "1000-2000 command otto docker up < otto test"]);
  expect(whole.spans[0].facts).toMatchObject({ "ssh.sent_bytes": 1, "ssh.received_bytes": 2 });
});

test("what it does not know it passes over", () => {
  expect(record([[1100, { type: "something.new" }]], 1200).spans.length).toBe(1);
});
