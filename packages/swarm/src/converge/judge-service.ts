import type { SwarmService, SwarmTask } from "@otto/engine";
import { type MatchedNode, nameNode } from "../nodes/match-nodes.js";

export type Verdict =
  | { readonly verdict: "ready" }
  /** `stuck`: a word that stays the same as long as nothing happens; after `stuckMs` of that it has failed. */
  | {
      readonly verdict: "waiting";
      readonly because: string;
      readonly task?: SwarmTask | undefined;
      readonly stuck?: { readonly mark: string; readonly afterMs: number } | undefined;
    }
  | { readonly verdict: "failed"; readonly because: string; readonly task?: SwarmTask | undefined };

export interface Judging {
  readonly service: SwarmService;
  /** Of the service, those that have ended too. */
  readonly tasks: readonly SwarmTask[];
  readonly nodes: readonly MatchedNode[];
  /** Ids of the tasks that there were before: their failures are of an earlier roll-out. */
  readonly before: ReadonlySet<string>;
  /** For how long a task has been seen running. */
  readonly runningMs: (task: SwarmTask) => number;
}

/** A task that cannot start says so within this. */
const settleMs = 500;
/** One of a service with failures is trusted when it runs for so long. */
const recoverMs = 3000;
/** So many tasks of one slot fail before the service has. */
const mostFailures = 3;
/** So long a task may find no node: one may be about to come. */
const unplacedMs = 30_000;
/** So long it may take the swarm to put another task in the place of one that ended. */
const replacedMs = 2000;

/** Whether a service has converged. Pure. */
export function judgeService(judging: Judging): Verdict {
  const { service } = judging;
  const { update, mode } = service;
  if (update?.state === "updating") return judgeSlots(judging, { isRollingOut: true });
  if (update?.state === "rollback_started") return { verdict: "waiting", because: "it is being rolled back" };
  if (update?.state.startsWith("rollback_") === true) return failedRollOut(judging, "was rolled back");
  if (update?.state === "paused") return failedRollOut(judging, "was paused");
  if (mode.kind === "replicated-job" || mode.kind === "global-job") return judgeJob(judging, mode);
  return judgeSlots(judging, { isRollingOut: false });
}

function failedRollOut({ service, tasks, before }: Judging, what: string): Verdict {
  const failures = tasks.filter((task) => isFailure(task, service) && !before.has(task.id));
  const message = service.update?.message ?? "";
  const task = failures.find(({ id }) => message.includes(id)) ?? newest(failures);
  return { verdict: "failed", because: `its roll-out ${what}${message === "" ? "" : `: ${message}`}`, task };
}

function judgeJob({ service, tasks }: Judging, mode: Extract<SwarmService["mode"], { iteration: number }>): Verdict {
  const own = tasks.filter(({ jobIteration }) => (jobIteration ?? 0) === mode.iteration);
  const done = own.filter(({ state }) => state === "complete");
  const failures = own.filter((task) => isFailure(task, service));
  const last = newest(failures);
  if (last !== undefined && (service.restartCondition === "none" || failures.length >= mostFailures))
    return { verdict: "failed", because: describeEnd(last), task: last };
  const wanted = mode.kind === "replicated-job" ? mode.total : Math.max(1, new Set(own.map(placeOf)).size);
  if (done.length >= wanted) return { verdict: "ready" };
  return { verdict: "waiting", because: `${done.length} of its ${wanted} tasks have done their work`, task: last };
}

function judgeSlots(judging: Judging, { isRollingOut }: { readonly isRollingOut: boolean }): Verdict {
  const { service, tasks } = judging;
  const places = placesOf(judging);
  if (places === undefined) return { verdict: "waiting", because: "its tasks are not planned yet" };
  const verdicts = places.map((place) =>
    judgePlace(
      tasks.filter((task) => placeOf(task) === place),
      judging,
    ),
  );
  const failed = verdicts.find(({ verdict }) => verdict === "failed");
  // What a roll-out does about a failure, pause or roll back, the service itself says.
  if (failed !== undefined && !isRollingOut) return failed;
  const waiting = verdicts.find(({ verdict }) => verdict === "waiting") ?? failed;
  if (isRollingOut) {
    const because = waiting?.verdict === "waiting" || waiting?.verdict === "failed" ? `: ${waiting.because}` : "";
    const stuck = waiting?.verdict === "waiting" ? waiting.stuck : undefined;
    return { verdict: "waiting", because: `it is being rolled out${because}`, task: taskOf(waiting), stuck };
  }
  if (waiting !== undefined) return waiting;
  const { desiredTasks, mode } = service;
  if (mode.kind === "global" && desiredTasks !== undefined && places.length < desiredTasks)
    return { verdict: "waiting", because: `${places.length} of its ${desiredTasks} tasks are there` };
  return { verdict: "ready" };
}

function taskOf(verdict: Verdict | undefined): SwarmTask | undefined {
  return verdict !== undefined && verdict.verdict !== "ready" ? verdict.task : undefined;
}

/** What each has one task at a time: slots, or nodes. @returns undefined: that is not known yet */
function placesOf({ service: { mode, desiredTasks }, tasks }: Judging): readonly string[] | undefined {
  if (mode.kind === "replicated") return Array.from({ length: mode.replicas }, (_, index) => String(index + 1));
  const places = [...new Set(tasks.filter(isWanted).map(placeOf))];
  return places.length === 0 && desiredTasks !== 0 ? undefined : places;
}

/** The slot of a task, else its node. */
export function placeOf({ slot, nodeId }: Pick<SwarmTask, "slot" | "nodeId">): string {
  return slot === undefined ? (nodeId ?? "") : String(slot);
}

/** @param tasks of one slot, or node */
function judgePlace(tasks: readonly SwarmTask[], judging: Judging): Verdict {
  const { service, before } = judging;
  const current = newest(tasks.filter(isWanted));
  const isNow = ({ taskSpec }: SwarmTask) => taskSpec === service.taskSpec;
  const failures = tasks.filter((task) => isNow(task) && isFailure(task, service) && !before.has(task.id));
  const last = newest(failures);
  if (current !== undefined && isNow(current)) return judgeCurrent(current, { failures, judging });
  const ended = newest(tasks.filter(isNow));
  if (current !== undefined || ended === undefined) return { verdict: "waiting", because: "it has no new task yet" };
  if (ended.state === "complete" && service.restartCondition !== "any") return { verdict: "ready" };
  const failure = last ?? (isFailure(ended, service) ? ended : undefined);
  if (failure !== undefined && service.restartCondition === "none")
    return { verdict: "failed", because: describeEnd(failure), task: failure };
  const stuck = { mark: `no task after ${ended.id}`, afterMs: replacedMs };
  return { verdict: "waiting", because: failure ? describeEnd(failure) : "it has no task", task: failure, stuck };
}

function judgeCurrent(
  task: SwarmTask,
  { failures, judging }: { readonly failures: readonly SwarmTask[]; readonly judging: Judging },
): Verdict {
  const { nodes, before, runningMs } = judging;
  const last = newest(failures);
  const crash = last === undefined ? "" : `; ${describeEnd(last)}`;
  const node = nodes.find(({ id }) => id === task.nodeId);
  if (task.state === "running") {
    if (node?.isReady === false)
      return { verdict: "waiting", because: `its node ${nameNode(node)} does not answer`, task };
    const forMs = failures.length > 0 ? recoverMs : settleMs;
    if ((before.has(task.id) && last === undefined) || runningMs(task) >= forMs) return { verdict: "ready" };
    return { verdict: "waiting", because: `it has just started${crash}`, task: last };
  }
  if (failures.length >= mostFailures)
    return {
      verdict: "failed",
      because: `${failures.length} of its tasks failed, the last: ${describeEnd(last)}`,
      task: last,
    };
  if (task.nodeId === undefined && task.error !== "") {
    const stuck = { mark: `${task.id} ${task.error}`, afterMs: unplacedMs };
    return { verdict: "waiting", because: `no node takes its task: ${task.error}`, task, stuck };
  }
  const where = node === undefined ? "" : ` on ${nameNode(node)}`;
  return { verdict: "waiting", because: `its task is ${task.state}${where}${crash}`, task: last };
}

/** What the swarm has, or is about to have, running. */
function isWanted({ desiredState }: SwarmTask): boolean {
  return desiredState === "running" || desiredState === "ready" || desiredState === "accepted";
}

/** An end with 0 is one, too, of what is to run on. A task that was told to end has not failed. */
function isFailure({ state }: SwarmTask, { restartCondition, mode }: SwarmService): boolean {
  if (state === "failed" || state === "rejected") return true;
  return state === "complete" && restartCondition === "any" && !mode.kind.endsWith("-job");
}

export function describeEnd(task: SwarmTask | undefined): string {
  if (task === undefined) return "it ended";
  const { state, error, message, exitCode } = task;
  if (state === "rejected") return `its task was refused: ${error || message}`;
  if (state === "complete") return "its task ended with 0, and is to run on";
  return `its task failed: ${error || (exitCode === undefined ? message : `exit code ${exitCode}`)}`;
}

export function newest(tasks: readonly SwarmTask[]): SwarmTask | undefined {
  return tasks.reduce<SwarmTask | undefined>(
    (a, b) => (a === undefined || b.createdAt >= a.createdAt ? b : a),
    undefined,
  );
}
