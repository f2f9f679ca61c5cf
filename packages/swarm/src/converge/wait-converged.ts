import { setTimeout as delay } from "node:timers/promises";
import type { StackRedactor } from "@otto/compose";
import type { SwarmService, SwarmTask } from "@otto/engine";
import { isOttoError, OttoError } from "@otto/errors";
import { type ObservedSwarm, observeTasks, type SwarmLocation, swarmName } from "../observed-swarm.js";
import { judgeService, type Verdict } from "./judge-service.js";
import { describeFailure, type FailedService } from "./task-failure.js";

export interface WaitOptions {
  /** The services that are waited for. */
  readonly services: readonly string[];
  /** What there was before the roll-out. */
  readonly before: ObservedSwarm;
  /** Whether anything was deployed; else what failed before counts. */
  readonly isNew: boolean;
  readonly timeoutMs: number;
  /** Milliseconds in which this process ran. */
  readonly now: () => number;
  readonly redactor: StackRedactor;
  readonly signal?: AbortSignal | undefined;
  /** Called with each look, and what each service is at. */
  readonly onLook?: ((observed: ObservedSwarm) => void) | undefined;
  /** Called when the managers do not answer: they are waited for. */
  readonly onAbsent?: (() => void) | undefined;
}

/** An engine tells nobody what becomes of tasks: it has to be asked. */
const lookMs = 250;
/** A manager that is restarted, or whose swarm chooses a leader, is back by then. */
const longestAbsenceMs = 60_000;
/** The swarm has begun with what was deployed by then. */
const begunMs = 1000;

/**
 * Waits until each service's tasks run, or have done their work.
 * @returns what there is then
 * @throws OttoError `SWARM_ROLL_OUT_FAILED` with the failing task's error and its last log lines, `SWARM_NOT_READY` when time is
 * over, and what the managers throw for a minute
 */
export async function waitUntilConverged(location: SwarmLocation, options: WaitOptions): Promise<ObservedSwarm> {
  const { before, timeoutMs, now, signal } = options;
  const deadline = now() + timeoutMs;
  const earliest = options.isNew ? now() + begunMs : 0;
  const known = new Set(before.tasks.filter(({ state }) => options.isNew || state === "running").map(({ id }) => id));
  const memory = createMemory(now);
  for (;;) {
    signal?.throwIfAborted();
    const observed = await look(location, options);
    options.onLook?.(observed);
    memory.note(observed.tasks);
    const judged = options.services.map((service) =>
      judge(service, observed, { project: location.project, known, memory }),
    );
    const failed = judged.filter(({ verdict }) => verdict.verdict === "failed");
    if (failed.length > 0) throw await rollOutFailed(location, failed.map(toFailed), { observed, ...options });
    const waiting = judged.filter(({ verdict }) => verdict.verdict === "waiting");
    if (waiting.length === 0 && now() >= earliest) return observed;
    if (now() >= deadline) throw await notReady(location, waiting.map(toFailed), { observed, ...options });
    await delay(lookMs, undefined, { signal });
  }
}

/** Looks until the swarm answers. */
async function look(location: SwarmLocation, { before, now, signal, onAbsent }: WaitOptions): Promise<ObservedSwarm> {
  const until = now() + longestAbsenceMs;
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await observeTasks(location, before, signal);
    } catch (error) {
      if (!isAbsence(error) || now() >= until) throw error;
    }
    if (isFirst) onAbsent?.();
    await delay(lookMs, undefined, { signal });
  }
}

/** The engine is restarted, or the managers choose a leader. */
function isAbsence(error: unknown): boolean {
  if (isOttoError(error, "ENGINE_UNREACHABLE")) return true;
  return isOttoError(error, "ENGINE_REQUEST_FAILED") && [500, 503].includes(Number(error.details?.status));
}

interface Memory {
  note(tasks: readonly SwarmTask[]): void;
  runningMs(task: SwarmTask): number;
  /** For how long a service has been stuck by the same mark. */
  stuckMs(service: string, mark: string): number;
}

function createMemory(now: () => number): Memory {
  const running = new Map<string, number>();
  const stuck = new Map<string, { readonly mark: string; readonly since: number }>();
  return {
    note(tasks) {
      for (const { id, state } of tasks) if (state === "running" && !running.has(id)) running.set(id, now());
    },
    runningMs: ({ id }) => now() - (running.get(id) ?? now()),
    stuckMs(service, mark) {
      const entry = stuck.get(service);
      if (entry?.mark === mark) return now() - entry.since;
      stuck.set(service, { mark, since: now() });
      return 0;
    },
  };
}

interface Judged {
  readonly name: string;
  readonly service: SwarmService | undefined;
  readonly verdict: Verdict;
}

function judge(
  name: string,
  { services, tasks, nodes }: ObservedSwarm,
  {
    project,
    known,
    memory,
  }: { readonly project: string; readonly known: ReadonlySet<string>; readonly memory: Memory },
): Judged {
  const service = services.find((one) => one.name === swarmName(project, name));
  if (service === undefined)
    return { name, service, verdict: { verdict: "waiting", because: "it is not in the swarm" } };
  const own = tasks.filter(({ serviceId }) => serviceId === service.id);
  const runningMs = (task: SwarmTask) => memory.runningMs(task);
  const verdict = judgeService({ service, tasks: own, nodes, before: known, runningMs });
  if (verdict.verdict !== "waiting" || verdict.stuck === undefined) return { name, service, verdict };
  const { stuck, because, task } = verdict;
  const isOver = memory.stuckMs(name, stuck.mark) >= stuck.afterMs;
  return { name, service, verdict: isOver ? { verdict: "failed", because, task } : verdict };
}

function toFailed({ name, verdict }: Judged): FailedService {
  if (verdict.verdict === "ready") return { service: name, because: "", task: undefined };
  return { service: name, because: verdict.because, task: verdict.task };
}

type Describing = WaitOptions & { readonly observed: ObservedSwarm };

async function rollOutFailed(
  location: SwarmLocation,
  failed: readonly FailedService[],
  options: Describing,
): Promise<OttoError> {
  const { lines, details } = await describeFailure(location, failed, options);
  const [first] = failed;
  const lead = `the service ${first?.service} of ${location.project} is not up: ${first?.because}`;
  return new OttoError("SWARM_ROLL_OUT_FAILED", [lead, ...lines].join("\n"), { hint: hintFor(failed), details });
}

async function notReady(
  location: SwarmLocation,
  waiting: readonly FailedService[],
  options: Describing,
): Promise<OttoError> {
  const { lines, details } = await describeFailure(location, waiting, options);
  const what = waiting.map(({ service, because }) => `${service}: ${because}`).join("; ");
  const lead = `${location.project} is not up after ${options.timeoutMs / 1000} s: ${what}`;
  return new OttoError("SWARM_NOT_READY", [lead, ...lines].join("\n"), { hint: hintFor(waiting), details });
}

/** By the swarm's own words (Docker 26.1). */
function hintFor(failed: readonly FailedService[]): string | undefined {
  const said = failed.map(({ because, task }) => `${because} ${task?.error ?? ""}`).join(" ");
  if (/no suitable node/.test(said))
    return "Look at `docker node ls` on a manager, and at the service's `deploy.placement` and `deploy.resources`.";
  if (/No such image/i.test(said))
    return "Set `registry_url` and push the image, so that each node can pull it, or declare the image in [[docker.images]].";
  if (/bind source path does not exist/.test(said))
    return "Each node that may run the task needs that path: use a volume, a config or a secret, or `deploy.placement`.";
  return undefined;
}
