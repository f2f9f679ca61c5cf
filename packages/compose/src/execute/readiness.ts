import type { ComposeService } from "@otto/compose-files";
import { isOttoError, OttoError } from "@otto/errors";
import { mayEnd } from "../declared/may-end.js";
import type { PlacedStack } from "../declared/stack.js";
import { adviseFailure } from "../failure/failure-hint.js";
import { formatReason, formatStackFailure } from "../failure/failure-text.js";
import { failureDetails, readFailure, type StackView, type Unready } from "../failure/read-failure.js";
import type { ContainerEvents } from "../observed/container-events.js";
import { type ObservedContainer, observeContainers } from "../observed/observed-stack.js";
import type { UpPlan } from "../plan/operations.js";
import type { UpOptions } from "./up-options.js";

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
  // The engine forgets the exit code of one that runs again.
  const last = container.state === "restarting" ? ` (last exit code ${container.exitCode})` : "";
  const because = `it ended ${restarts} times and was started again${last}`;
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

/** A stack whose events are heard. */
export interface WatchedStack extends StackView {
  readonly events: ContainerEvents;
}

export interface ReadyOptions {
  readonly services: readonly ComposeService[];
  /** All of the stack, where only some are waited for: an error names those that wait for a failed one. Default: `services`. */
  readonly stackServices?: readonly ComposeService[] | undefined;
  /** The containers there were before; those that ran and run still need no time to prove themselves. */
  readonly before: readonly ObservedContainer[];
  /** Ids of containers that the plan stops and replaces: that they have exited is no failure of theirs. Default: none. */
  readonly stopped?: ReadonlySet<string> | undefined;
  /** Ids of containers that were stopped on purpose: their services are not waited for. Default: none. */
  readonly held?: ReadonlySet<string> | undefined;
  /** When to give up, as {@link ReadyOptions.now} counts. */
  readonly deadline: number;
  /** The time in which this process runs. */
  readonly now: () => number;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Called when the engine does not answer: it is waited for. */
  readonly onAbsent?: (() => void) | undefined;
}

const defaultTimeoutMs = 300_000;

/** How an `up` waits. @param options `before`: the containers there are before its plan is executed */
export function readyOptions(
  { parent, project, files }: PlacedStack,
  plan: UpPlan,
  {
    before,
    held,
    now,
    readyTimeoutMs: timeoutMs = defaultTimeoutMs,
    signal,
    onEvent,
  }: UpOptions & Pick<ReadyOptions, "before" | "held" | "now">,
): ReadyOptions {
  const message = `the engine of ${parent.id} does not answer; waiting until it does`;
  const restarted = plan.flatMap((step) => (step.do === "restart" ? step.containers : []));
  return {
    services: files.services,
    stackServices: files.services,
    before: before.filter(({ id }) => !restarted.includes(id)),
    held,
    stopped: new Set(plan.flatMap((step) => ("network" in step ? step.containers : []))),
    deadline: now() + timeoutMs,
    now,
    timeoutMs,
    signal,
    onAbsent: () => onEvent?.({ type: "compose.warning", project, message }),
  };
}

/**
 * Waits until every enabled service runs, is healthy where it has a health check, or has exited with 0; one whose
 * end another waits for must have.
 * @returns the stack's containers
 * @throws OttoError `COMPOSE_SERVICE_FAILED` with the service's last log lines, also for one that still crashes again and
 * again after a minute or when time is over; else `COMPOSE_NOT_READY` when time is over; `COMPOSE_ENGINE_FAILED` when the
 * engine does not answer for a minute
 */
export async function waitUntilReady(view: WatchedStack, options: ReadyOptions): Promise<ObservedContainer[]> {
  const { events } = view;
  const began = performance.now();
  const loopDeadline = options.now() + longestLoopMs;
  for (;;) {
    options.signal?.throwIfAborted();
    const { containers, seen } = await observeWatched(view, options);
    const state = judgeStack(containers, options, (id) => performance.now() - (events.lastChange(id) ?? began));
    const { failed, waiting, looping } = state;
    const stack = { ...options, containers };
    if (failed.length > 0) throw await serviceFailed(view, [...failed, ...looping], stack);
    if (waiting.length === 0) return containers;
    const left = Math.min(options.deadline, looping.length > 0 ? loopDeadline : Infinity) - options.now();
    if (left <= 0 && looping.length > 0) throw await serviceFailed(view, looping, stack);
    if (left <= 0) throw await notReady(view, waiting, stack);
    await events.beyond(seen, Math.min(left, state.recheckMs), options.signal);
  }
}

/**
 * Why services are not up that compose was ended at when time was over: what a wait for them says, else that compose was not
 * done. Containers of before may run all the same.
 */
export async function explainLate(view: WatchedStack, options: ReadyOptions): Promise<OttoError> {
  try {
    await waitUntilReady(view, options);
  } catch (error) {
    if (isOttoError(error)) return error;
    throw error;
  }
  const service = options.services[0]?.name ?? "";
  const unready = [{ service, because: "docker compose was still at work" }];
  return notReady(view, unready, { ...options, containers: [] });
}

/** Looks at a stack whose events are heard, when its engine answers. @returns `seen`: how many events there were before */
async function observeWatched(
  { session, events }: WatchedStack,
  { deadline, now, signal, onAbsent }: ReadyOptions,
): Promise<{ containers: ObservedContainer[]; seen: number }> {
  const until = Math.min(deadline, now() + longestAbsenceMs);
  for (let isFirst = true; ; isFirst = false) {
    signal?.throwIfAborted();
    if (events.isOver) await events.watch();
    const seen = events.count;
    try {
      return { containers: await observeContainers(session), seen };
    } catch (error) {
      if (!isOttoError(error, "COMPOSE_ENGINE_FAILED") || now() >= until) throw error;
    }
    if (isFirst) onAbsent?.();
    await events.beyond(seen, askAgainMs, signal);
  }
}

interface StackState {
  readonly failed: readonly Unready[];
  readonly waiting: readonly Unready[];
  /** Those of the waiting ones that crash again and again. */
  readonly looping: readonly Unready[];
  readonly recheckMs: number;
}

type Judging = Pick<ReadyOptions, "services" | "stackServices" | "before" | "stopped" | "held">;

/** @param quietMs for how long nothing has happened to a container */
function judgeStack(
  containers: readonly ObservedContainer[],
  { services, before, stopped, held }: Judging,
  quietMs: (id: string) => number,
): StackState {
  const failed: Unready[] = [];
  const waiting: Unready[] = [];
  const looping: Unready[] = [];
  let recheckMs = Number.POSITIVE_INFINITY;
  for (const declared of services.filter(({ enabled, replicas }) => enabled && replicas > 0)) {
    const service = declared.name;
    const own = containers.filter((container) => container.service === service && stopped?.has(container.id) !== true);
    if (own.some(({ id }) => held?.has(id))) continue;
    if (own.length === 0) waiting.push({ service, because: "it has no container", isUnstarted: true });
    for (const container of own) {
      const known = before.find(({ id }) => id === container.id);
      const judged = judgeContainer(container, declared, known?.restarts);
      if (judged.verdict === "ready") continue;
      const isUnstarted = container.state === "created";
      const unready = { service, because: judged.because, container, isUnstarted };
      if (judged.verdict === "failed") {
        failed.push(unready);
        continue;
      }
      const quiet = known?.state === "running" ? Number.POSITIVE_INFINITY : quietMs(container.id);
      if (judged.forMs !== undefined && quiet >= judged.forMs) continue;
      if (judged.forMs !== undefined) recheckMs = Math.min(recheckMs, judged.forMs - quiet);
      waiting.push(unready);
      if (judged.isLoop) looping.push(unready);
    }
  }
  return { failed, waiting, looping, recheckMs: Math.max(recheckMs, 1) };
}

/** Whether a stack that nothing is done to is up, by what was seen of it before. */
export function isReady({ services, before, held }: Pick<ReadyOptions, "services" | "before" | "held">): boolean {
  const { failed, waiting } = judgeStack(before, { services, before, held }, () => 0);
  return failed.length === 0 && waiting.length === 0;
}

/**
 * What of a stack failed by itself, as an error with what the engine knows of it.
 * @param options `allowsRestarts`: whether one that crashes again and again is what its restart policy declares. Default false
 */
export async function findFailure(
  view: StackView,
  { allowsRestarts = false, ...options }: Judging & { readonly allowsRestarts?: boolean | undefined },
): Promise<OttoError | undefined> {
  const containers = await observeContainers(view.session);
  const { failed, looping } = judgeStack(containers, options, () => 0);
  const unready = [...failed, ...(allowsRestarts ? [] : looping)];
  return unready.length === 0 ? undefined : serviceFailed(view, unready, { ...options, containers });
}

type Explaining = Pick<ReadyOptions, "services" | "stackServices"> & {
  readonly containers: readonly ObservedContainer[];
};

async function serviceFailed(view: StackView, unready: readonly Unready[], stack: Explaining): Promise<OttoError> {
  const described = await describe(view, unready, stack);
  const { host, service } = described.details;
  const lead = `the service ${service} on ${host} is not up: ${described.reason}`;
  return toError("COMPOSE_SERVICE_FAILED", lead, described);
}

async function notReady(
  view: StackView,
  unready: readonly Unready[],
  { timeoutMs, ...stack }: Explaining & Pick<ReadyOptions, "timeoutMs">,
): Promise<OttoError> {
  const described = await describe(view, unready, stack);
  const { host, service } = described.details;
  const lead = `the stack on ${host} is not up after ${timeoutMs / 1000} s: ${service}: ${described.reason}`;
  return toError("COMPOSE_NOT_READY", lead, described);
}

type Described = Awaited<ReturnType<typeof describe>>;

function toError(
  code: "COMPOSE_SERVICE_FAILED" | "COMPOSE_NOT_READY",
  lead: string,
  { lines, hint, details }: Described,
): OttoError {
  return new OttoError(code, [lead, ...lines].join("\n"), { hint, details });
}

async function describe(view: StackView, unready: readonly Unready[], stack: Explaining) {
  const services = stack.stackServices ?? stack.services;
  const failure = await readFailure(view, unready, { services, containers: stack.containers });
  const host = view.session.parent.id;
  const [first] = failure.failed;
  const service = first?.service ?? unready[0]?.service ?? "";
  const advised = failure.failed.map(({ service, container }) =>
    adviseFailure({ host, service, container, output: "" }),
  );
  return {
    reason: first === undefined ? (unready[0]?.because ?? "") : formatReason(first),
    lines: formatStackFailure(failure),
    hint: advised.find((advice) => advice !== undefined),
    details: { host, service, logs: first?.container?.logs ?? "", ...failureDetails(failure) },
  };
}
