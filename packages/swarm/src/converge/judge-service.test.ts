import type { SwarmService, SwarmTask } from "@otto/engine";
import { expect, test } from "vitest";
import { judgeService } from "./judge-service.js";

const service = (more: Partial<SwarmService> = {}): SwarmService => ({
  id: "s",
  name: "p_api",
  labels: {},
  image: "a",
  mode: { kind: "replicated", replicas: 1 },
  restartCondition: "any",
  update: undefined,
  taskSpec: "now",
  desiredTasks: 1,
  ...more,
});

let made = 0;
const task = (state: string, more: Partial<SwarmTask> = {}): SwarmTask => {
  made += 1;
  return {
    id: `t${made}`,
    serviceId: "s",
    slot: 1,
    nodeId: "n1",
    state,
    desiredState: ["failed", "rejected", "complete", "shutdown"].includes(state) ? "shutdown" : "running",
    error: state === "failed" ? "task: non-zero exit (1)" : "",
    message: "",
    containerId: "c",
    exitCode: undefined,
    createdAt: `2026-01-01T00:00:${String(made).padStart(2, "0")}Z`,
    jobIteration: undefined,
    taskSpec: "now",
    tty: false,
    ...more,
  };
};

const node = {
  id: "n1",
  hostname: "one",
  address: "",
  labels: {},
  isManager: true,
  isReady: true,
  isActive: true,
  machine: undefined,
};

interface Case {
  readonly of?: Partial<SwarmService>;
  readonly tasks: readonly SwarmTask[];
  /** Default: none of the tasks was there before. */
  readonly before?: readonly SwarmTask[];
  readonly runningMs?: number;
  readonly isReady?: boolean;
}

function judge({ of, tasks, before = [], runningMs = 0, isReady = true }: Case): string {
  const verdict = judgeService({
    service: service(of),
    tasks,
    nodes: [{ ...node, isReady }],
    before: new Set(before.map(({ id }) => id)),
    runningMs: () => runningMs,
  });
  return verdict.verdict === "ready" ? "ready" : `${verdict.verdict}: ${verdict.because}`;
}

const none = { restartCondition: "none" } as const;
const old = { taskSpec: "before" };
const job = { kind: "replicated-job", total: 2, iteration: 7 } as const;
const failed3 = [task("failed"), task("failed"), task("failed")];
const ran = task("running");

test.each<[string, Case, string | RegExp]>([
  ["a task that has run for a while", { tasks: [task("running")], runningMs: 500 }, "ready"],
  ["one that has just started", { tasks: [task("running")] }, "waiting: it has just started"],
  ["one that ran before", { tasks: [ran], before: [ran] }, "ready"],
  [
    "one that ran before, on a node that is gone",
    { tasks: [ran], before: [ran], isReady: false },
    /^waiting: its node one .* does not answer$/,
  ],
  ["one of an earlier version", { tasks: [task("running", old)], runningMs: 9e9 }, "waiting: it has no new task yet"],
  ["no task yet", { tasks: [] }, "waiting: it has no new task yet"],
  ["none is wanted", { of: { mode: { kind: "replicated", replicas: 0 } }, tasks: [] }, "ready"],
  [
    "a slot without a task",
    { of: { mode: { kind: "replicated", replicas: 2 } }, tasks: [task("running")], runningMs: 9e9 },
    "waiting: it has no new task yet",
  ],
  [
    "one that runs after a crash, for a moment",
    { tasks: [task("failed"), task("running")], runningMs: 600 },
    /^waiting: it has just started; its task failed/,
  ],
  ["one that runs after a crash, for a while", { tasks: [task("failed"), task("running")], runningMs: 3000 }, "ready"],
  [
    "three crashes",
    { tasks: [...failed3, task("starting")] },
    /^failed: 3 of its tasks failed, the last: its task failed: task: non-zero exit \(1\)$/,
  ],
  [
    "three crashes of before",
    { tasks: [...failed3, task("starting")], before: failed3 },
    "waiting: its task is starting on one (no host of this lab)",
  ],
  [
    "three crashes of an earlier version",
    { tasks: [task("failed", old), task("failed", old), task("failed", old), task("starting")] },
    /^waiting: its task is starting/,
  ],
  [
    "ends with 0 of what is to run on",
    { tasks: [task("complete"), task("complete"), task("complete"), task("starting")] },
    /^failed: .*ended with 0, and is to run on$/,
  ],
  [
    "a refused task",
    { tasks: [task("rejected", { error: "No such image: x" }), task("preparing")] },
    /its task was refused: No such image: x$/,
  ],
  ["a one-shot that is done", { of: none, tasks: [task("complete", { exitCode: 0 })] }, "ready"],
  ["a one-shot that failed", { of: none, tasks: [task("failed")] }, "failed: its task failed: task: non-zero exit (1)"],
  [
    "a one-shot that failed before, and is left",
    { of: none, tasks: failed3, before: failed3 },
    /^failed: its task failed/,
  ],
  [
    "a one-shot of an earlier version that failed",
    { of: none, tasks: [task("failed", old)] },
    "waiting: it has no new task yet",
  ],
  ["a one-shot that runs", { of: none, tasks: [task("running")], runningMs: 600 }, "ready"],
  ["on-failure, done", { of: { restartCondition: "on-failure" }, tasks: [task("complete")] }, "ready"],
  [
    "on-failure, and no further attempt",
    { of: { restartCondition: "on-failure" }, tasks: [task("failed")] },
    /^waiting: its task failed/,
  ],
  [
    "no node takes it",
    { tasks: [task("pending", { nodeId: undefined, error: "no suitable node" })] },
    "waiting: no node takes its task: no suitable node",
  ],
  [
    "a roll-out",
    { of: { update: { state: "updating", message: "" } }, tasks: [task("running")], runningMs: 9e9 },
    "waiting: it is being rolled out",
  ],
  [
    "a roll-out with crashes, of which Swarm decides",
    { of: { update: { state: "updating", message: "" } }, tasks: [...failed3, task("starting")] },
    /^waiting: it is being rolled out: 3 of its tasks failed/,
  ],
  [
    "a roll-out that is done",
    { of: { update: { state: "completed", message: "" } }, tasks: [task("running")], runningMs: 600 },
    "ready",
  ],
  [
    "a paused roll-out",
    { of: { update: { state: "paused", message: "update paused" } }, tasks: [task("running")], runningMs: 9e9 },
    "failed: its roll-out was paused: update paused",
  ],
  [
    "a roll-back that goes on",
    { of: { update: { state: "rollback_started", message: "" } }, tasks: [] },
    "waiting: it is being rolled back",
  ],
  [
    "a roll-back",
    {
      of: { update: { state: "rollback_completed", message: "rolled back" } },
      tasks: [task("running")],
      runningMs: 9e9,
    },
    "failed: its roll-out was rolled back: rolled back",
  ],
  [
    "one of each node",
    {
      of: { mode: { kind: "global" }, desiredTasks: 1 },
      tasks: [task("running", { slot: undefined })],
      runningMs: 600,
    },
    "ready",
  ],
  [
    "a node that lacks its task",
    {
      of: { mode: { kind: "global" }, desiredTasks: 2 },
      tasks: [task("running", { slot: undefined })],
      runningMs: 600,
    },
    "waiting: 1 of its 2 tasks are there",
  ],
  ["no node that fits", { of: { mode: { kind: "global" }, desiredTasks: 0 }, tasks: [] }, "ready"],
  [
    "a job half done",
    { of: { mode: job, restartCondition: "any" }, tasks: [task("complete", { jobIteration: 7 })] },
    "waiting: 1 of its 2 tasks have done their work",
  ],
  [
    "a job that is done",
    {
      of: { mode: job, restartCondition: "any" },
      tasks: [task("complete", { jobIteration: 7, slot: 0 }), task("complete", { jobIteration: 7 })],
    },
    "ready",
  ],
  [
    "a job that was done before",
    {
      of: { mode: job, restartCondition: "any" },
      tasks: [task("complete", { jobIteration: 6 }), task("complete", { jobIteration: 6 })],
    },
    "waiting: 0 of its 2 tasks have done their work",
  ],
  [
    "a job that fails",
    { of: { mode: job, ...none }, tasks: [task("failed", { jobIteration: 7 })] },
    /^failed: its task failed/,
  ],
])("%s", (_, given, verdict) => {
  const wanted = typeof verdict === "string" ? new RegExp(`^${verdict.replaceAll(/[()]/g, "\\$&")}$`) : verdict;
  expect(judge(given)).toMatch(wanted);
});
