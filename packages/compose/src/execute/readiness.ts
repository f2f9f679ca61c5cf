import type { ComposeService } from "@otto/compose-files";
import { cleanText, isOttoError, OttoError } from "@otto/errors";
import { mayEnd } from "../declared/may-end.js";
import type { PlacedStack } from "../declared/stack.js";
import type { StackRedactor } from "../declared/stack-redactor.js";
import type { ContainerEvents } from "../observed/container-events.js";
import { type ObservedContainer, observeContainers } from "../observed/observed-stack.js";
import type { UpPlan } from "../plan/operations.js";
import { dockerWords } from "../session/compose-command.js";
import type { StackSession } from "../session/stack-session.js";
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

/** A stack whose events are heard. */
export interface WatchedStack extends StackView {
  readonly events: ContainerEvents;
}

export interface ReadyOptions {
  readonly services: readonly ComposeService[];
  /** The containers there were before; those that ran and run still need no time to prove themselves. */
  readonly before: readonly ObservedContainer[];
  /** Ids of containers that the plan stops and replaces: that they have exited is no failure of theirs. Default: none. */
  readonly stopped?: ReadonlySet<string> | undefined;
  /** When to give up, as {@link ReadyOptions.now} counts. */
  readonly deadline: number;
  /** The time in which this process runs. */
  readonly now: () => number;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Called when the engine does not answer: it is waited for. */
  readonly onAbsent?: (() => void) | undefined;
}

/** How a stack is looked at. */
export interface StackView {
  readonly session: StackSession;
  /** Of logs. */
  readonly redactor: StackRedactor;
}

const defaultTimeoutMs = 300_000;

/** How an `up` waits. @param options `before`: the containers there are before its plan is executed */
export function readyOptions(
  { parent, project, files }: PlacedStack,
  plan: UpPlan,
  {
    before,
    now,
    readyTimeoutMs: timeoutMs = defaultTimeoutMs,
    signal,
    onEvent,
  }: UpOptions & Pick<ReadyOptions, "before" | "now">,
): ReadyOptions {
  const message = `the engine of ${parent.id} does not answer; waiting until it does`;
  const restarted = plan.flatMap((step) => (step.do === "restart" ? step.containers : []));
  return {
    services: files.services,
    before: before.filter(({ id }) => !restarted.includes(id)),
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
    if (state.failed !== undefined) throw await serviceFailed(view, state.failed);
    if (state.waiting === undefined) return containers;
    const { looping } = state;
    const left = Math.min(options.deadline, looping ? loopDeadline : Infinity) - options.now();
    if (left <= 0 && looping !== undefined) throw await serviceFailed(view, looping);
    if (left <= 0) throw await notReady(view, state.waiting, options.timeoutMs);
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
  return notReady(view, { service, because: "docker compose was still at work" }, options.timeoutMs);
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

interface Unready {
  readonly service: string;
  readonly because: string;
  readonly container?: ObservedContainer | undefined;
}

interface StackState {
  readonly failed?: Unready;
  readonly waiting?: Unready;
  /** One of those that are waited for. */
  readonly looping?: Unready;
  readonly recheckMs: number;
}

type Judging = Pick<ReadyOptions, "services" | "before" | "stopped">;

/** @param quietMs for how long nothing has happened to a container */
function judgeStack(
  containers: readonly ObservedContainer[],
  { services, before, stopped }: Judging,
  quietMs: (id: string) => number,
): StackState {
  let waiting: Unready | undefined;
  let looping: Unready | undefined;
  let recheckMs = Number.POSITIVE_INFINITY;
  for (const declared of services.filter(({ enabled, replicas }) => enabled && replicas > 0)) {
    const service = declared.name;
    const own = containers.filter((container) => container.service === service && stopped?.has(container.id) !== true);
    if (own.length === 0) waiting ??= { service, because: "it has no container" };
    for (const container of own) {
      const known = before.find(({ id }) => id === container.id);
      const judged = judgeContainer(container, declared, known?.restarts);
      if (judged.verdict === "ready") continue;
      const unready = { service, because: judged.because, container };
      if (judged.verdict === "failed") return { failed: unready, recheckMs };
      const quiet = known?.state === "running" ? Number.POSITIVE_INFINITY : quietMs(container.id);
      if (judged.forMs !== undefined && quiet >= judged.forMs) continue;
      if (judged.forMs !== undefined) recheckMs = Math.min(recheckMs, judged.forMs - quiet);
      waiting ??= unready;
      if (judged.isLoop) looping ??= unready;
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
export async function findFailure(view: StackView, options: Judging): Promise<OttoError | undefined> {
  const containers = await observeContainers(view.session);
  const { failed, looping } = judgeStack(containers, options, () => 0);
  const unready = failed ?? looping;
  return unready && serviceFailed(view, unready);
}

const lastLogLines = 30;

async function lastLogs({ session, redactor }: StackView, container: ObservedContainer | undefined) {
  if (container === undefined) return "";
  const { output } = await session.run(
    `${dockerWords(session.parent)} logs --tail ${lastLogLines} ${container.id} 2>&1`,
  );
  return cleanText(output, await redactor()).trimEnd();
}

/** A container may log nothing where its health check says what is wrong. */
async function explain({ redactor }: StackView, { because, container }: Unready): Promise<string> {
  if (container?.health === undefined || container.health === "healthy") return because;
  const said = cleanText(container.healthOutput ?? "", await redactor()).trim();
  return said === "" ? because : `${because}: ${said}`;
}

async function serviceFailed(view: StackView, unready: Unready): Promise<OttoError> {
  const { because, details } = await describe(view, unready);
  const message = `the service ${unready.service} on ${details.host} is not up: ${because}`;
  return new OttoError("COMPOSE_SERVICE_FAILED", message, { details });
}

async function notReady(view: StackView, unready: Unready, timeoutMs: number): Promise<OttoError> {
  const { because, details } = await describe(view, unready);
  const message = `the stack on ${details.host} is not up after ${timeoutMs / 1000} s: ${unready.service}: ${because}`;
  return new OttoError("COMPOSE_NOT_READY", message, { details });
}

async function describe(view: StackView, unready: Unready) {
  const logs = await lastLogs(view, unready.container);
  const quoted = logs === "" ? " and logged nothing" : `; its last log lines:\n${logs}`;
  const because = `${await explain(view, unready)}${quoted}`;
  return { because, details: { host: view.session.parent.id, service: unready.service, logs } };
}
