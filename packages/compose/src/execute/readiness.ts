import type { ComposeService } from "@otto/compose-files";
import { cleanText, isOttoError, OttoError } from "@otto/errors";
import type { Parent } from "@otto/hosts";
import type { StackRedactor } from "../declared/stack-redactor.js";
import { dockerWords, type ObservedContainer, observeContainers } from "../observed/observed-stack.js";
import { mayEnd } from "../plan/reconcile.js";
import type { StackSession } from "../session/stack-session.js";

export type Verdict =
  | { readonly verdict: "ready" }
  /** `forMs`: it is ready when nothing happens to it for so long. `isLoop`: it crashed again and again so far. */
  | { readonly verdict: "waiting"; readonly because: string; readonly forMs?: number; readonly isLoop?: true }
  | { readonly verdict: "failed"; readonly because: string };

/** A service that cannot start says so within this. */
const settleMs = 500;
/** One that crashed is trusted again when it runs for so long. */
const recoverMs = 3000;
const loopRestarts = 3;
/** What a service needs may take its time to listen; a loop that lasts longer than this is no such wait. */
const longestLoopMs = 60_000;
/** An engine that is restarted or upgraded is back by then. */
const longestAbsenceMs = 60_000;
const askAgainMs = 500;

/**
 * Judges a container of a service that should run.
 * @param restartsBefore how often the engine had started it again before `up`
 */
export function judgeContainer(container: ObservedContainer, service: ComposeService, restartsBefore = 0): Verdict {
  const restarts = container.restarts - restartsBefore;
  const judged = judgeState(container, service, restarts);
  if (judged.verdict !== "waiting" || restarts < loopRestarts) return judged;
  const because = `it ended ${restarts} times and was started again (exit code ${container.exitCode})`;
  return { ...judged, because, isLoop: true };
}

function judgeState(container: ObservedContainer, service: ComposeService, restarts: number): Verdict {
  const { state, exitCode, health, restartPolicy } = container;
  if (state === "restarting") return { verdict: "waiting", because: `it ended with ${exitCode} and is started again` };
  if (state === "exited" && exitCode === 0 && mayEnd(service, restartPolicy)) return { verdict: "ready" };
  if (state === "exited" || state === "dead") return { verdict: "failed", because: `it exited with ${exitCode}` };
  if (state !== "running") return { verdict: "waiting", because: `it is ${state}` };
  if (service.oneShot) return { verdict: "waiting", because: "it has not done its work yet" };
  if (health === "unhealthy") return { verdict: "failed", because: "its health check fails" };
  if (health === "starting") return { verdict: "waiting", because: "its health check has not passed yet" };
  if (health === "healthy") return { verdict: "ready" };
  return { verdict: "waiting", because: "it has just started", forMs: restarts > 0 ? recoverMs : settleMs };
}

export interface ReadyOptions {
  readonly project: string;
  readonly services: readonly ComposeService[];
  /** The containers there were before; those that ran and run still need no time to prove themselves. */
  readonly before: readonly ObservedContainer[];
  /** When to give up, as `performance.now()` counts. */
  readonly deadline: number;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Called when the engine does not answer: it is waited for. */
  readonly onAbsent?: (() => void) | undefined;
}

/** Where a stack is looked at. */
export interface StackPlace {
  readonly session: StackSession;
  readonly parent: Parent;
  /** Of logs. */
  readonly redactor: StackRedactor;
}

/** Tells when something happens to a project's containers. */
export interface ContainerEvents {
  /** How many there were since the watch began. */
  readonly count: number;
  /** Whether they have ended, as they do with the engine. */
  readonly isOver: boolean;
  /** Begins to hear them again. */
  watch(): Promise<void>;
  /** When a container last started or ended, as `performance.now()` counts; undefined: not since the watch began. */
  lastChange(id: string): number | undefined;
  /** Waits until there were more than `seen` or they end, at most so long. */
  beyond(seen: number, timeoutMs: number, signal: AbortSignal | undefined): Promise<void>;
}

/**
 * Waits until every enabled service runs, is healthy where it has a health check, or has exited with 0; one whose
 * end another waits for must have.
 * @returns the stack's containers
 * @throws OttoError `COMPOSE_SERVICE_FAILED` with the service's last log lines, also for one that still crashes again and
 * again after a minute or when time is over; else `COMPOSE_NOT_READY` when time is over; `COMPOSE_ENGINE_FAILED` when the
 * engine does not answer for a minute
 */
export async function waitUntilReady(
  place: StackPlace & { events: ContainerEvents },
  options: ReadyOptions,
): Promise<ObservedContainer[]> {
  const { events } = place;
  const began = performance.now();
  for (;;) {
    options.signal?.throwIfAborted();
    const { containers, seen } = await observeWatched(place, options);
    const state = judgeStack(containers, options, (id) => performance.now() - (events.lastChange(id) ?? began));
    if (state.failed !== undefined) throw await serviceFailed(place, state.failed);
    if (state.waiting === undefined) return containers;
    const { looping } = state;
    const left = Math.min(options.deadline, looping ? began + longestLoopMs : Infinity) - performance.now();
    if (left <= 0 && looping !== undefined) throw await serviceFailed(place, looping);
    if (left <= 0) throw await notReady(place, { ...state.waiting, timeoutMs: options.timeoutMs });
    await events.beyond(seen, Math.min(left, state.recheckMs), options.signal);
  }
}

/** Looks at a stack whose events are heard, when its engine answers. @returns `seen`: how many events there were before */
async function observeWatched(
  { session, parent, events }: Pick<StackPlace, "session" | "parent"> & { readonly events: ContainerEvents },
  { project, deadline, signal, onAbsent }: ReadyOptions,
): Promise<{ containers: ObservedContainer[]; seen: number }> {
  const until = Math.min(deadline, performance.now() + longestAbsenceMs);
  for (let isFirst = true; ; isFirst = false) {
    signal?.throwIfAborted();
    if (events.isOver) await events.watch();
    const seen = events.count;
    try {
      return { containers: await observeContainers(session, parent, project), seen };
    } catch (error) {
      if (!isOttoError(error, "COMPOSE_ENGINE_FAILED") || performance.now() >= until) throw error;
    }
    if (isFirst) onAbsent?.();
    await events.beyond(seen, askAgainMs, signal);
  }
}

interface Trouble {
  readonly service: string;
  readonly because: string;
  readonly container?: ObservedContainer | undefined;
}

interface StackState {
  readonly failed?: Trouble;
  readonly waiting?: Trouble;
  /** One of those that are waited for. */
  readonly looping?: Trouble;
  readonly recheckMs: number;
}

/** @param quietMs for how long nothing has happened to a container */
function judgeStack(
  containers: readonly ObservedContainer[],
  { services, before }: Pick<ReadyOptions, "services" | "before">,
  quietMs: (id: string) => number,
): StackState {
  let waiting: Trouble | undefined;
  let looping: Trouble | undefined;
  let recheckMs = Number.POSITIVE_INFINITY;
  for (const declared of services.filter(({ enabled, replicas }) => enabled && replicas > 0)) {
    const service = declared.name;
    const own = containers.filter((container) => container.service === service);
    if (own.length === 0) waiting ??= { service, because: "it has no container" };
    for (const container of own) {
      const known = before.find(({ id }) => id === container.id);
      const judged = judgeContainer(container, declared, known?.restarts);
      if (judged.verdict === "ready") continue;
      const trouble = { service, because: judged.because, container };
      if (judged.verdict === "failed") return { failed: trouble, recheckMs };
      const quiet = known?.state === "running" ? Number.POSITIVE_INFINITY : quietMs(container.id);
      if (judged.forMs !== undefined && quiet >= judged.forMs) continue;
      if (judged.forMs !== undefined) recheckMs = Math.min(recheckMs, judged.forMs - quiet);
      waiting ??= trouble;
      if (judged.isLoop) looping ??= trouble;
    }
  }
  return { ...(waiting && { waiting }), ...(looping && { looping }), recheckMs: Math.max(recheckMs, 1) };
}

/** Whether a stack that nothing is done to is up, by what was seen of it before. */
export function isReady({ services, before }: Pick<ReadyOptions, "services" | "before">): boolean {
  const { failed, waiting } = judgeStack(before, { services, before }, () => 0);
  return failed === undefined && waiting === undefined;
}

/** The first service of a stack that failed by itself, as an error with its last log lines. */
export async function findFailure(
  place: StackPlace,
  options: Pick<ReadyOptions, "project" | "services" | "before">,
): Promise<OttoError | undefined> {
  const containers = await observeContainers(place.session, place.parent, options.project);
  const { failed, looping } = judgeStack(containers, options, () => 0);
  const trouble = failed ?? looping;
  return trouble && serviceFailed(place, trouble);
}

const lastLogLines = 30;

async function lastLogs({ session, parent, redactor }: StackPlace, container: ObservedContainer | undefined) {
  if (container === undefined) return "";
  const { output } = await session.run(`${dockerWords(parent)} logs --tail ${lastLogLines} ${container.id} 2>&1`);
  return cleanText(output, await redactor()).trimEnd();
}

function quoteLogs(logs: string): string {
  return logs === "" ? " and logged nothing" : `; its last log lines:\n${logs}`;
}

/** A container may log nothing where its health check says what is wrong. */
async function explain({ redactor }: StackPlace, { because, container }: Trouble): Promise<string> {
  if (container?.health === undefined || container.health === "healthy") return because;
  const said = cleanText(container.healthOutput ?? "", await redactor()).trim();
  return said === "" ? because : `${because}: ${said}`;
}

async function serviceFailed(place: StackPlace, trouble: Trouble) {
  const { parent } = place;
  const { service, container } = trouble;
  const [logs, because] = [await lastLogs(place, container), await explain(place, trouble)];
  return new OttoError(
    "COMPOSE_SERVICE_FAILED",
    `the service ${service} on ${parent.id} is not up: ${because}${quoteLogs(logs)}`,
    { details: { host: parent.id, service, logs } },
  );
}

async function notReady(place: StackPlace, trouble: Trouble & { timeoutMs: number }) {
  const { parent } = place;
  const { service, container, timeoutMs } = trouble;
  const [logs, because] = [await lastLogs(place, container), await explain(place, trouble)];
  return new OttoError(
    "COMPOSE_NOT_READY",
    `the stack on ${parent.id} is not up after ${timeoutMs / 1000} s: ${service}: ${because}${quoteLogs(logs)}`,
    { details: { host: parent.id, service, logs } },
  );
}
