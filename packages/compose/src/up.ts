import { amendError, isOttoError, type Json, startGrace, withListener } from "@otto/errors";
import { converge } from "./converge.js";
import { requireService } from "./declared/errors.js";
import { imageReferences } from "./declared/image-reference.js";
import type { PlacedStack } from "./declared/stack.js";
import { createStackRedactor } from "./declared/stack-redactor.js";
import { listStack } from "./desired/desired-stack.js";
import { formatKept, takeDownIn } from "./down.js";
import { markOwned } from "./execute/staged-files.js";
import type { ReadyEvent, UpOptions } from "./execute/up-options.js";
import { removeSavedFailure, saveFailure } from "./failure/saved-failure.js";
import {
  type ObservedContainer,
  type ObservedStack,
  observeContainers,
  observeStack,
} from "./observed/observed-stack.js";
import { requireFree } from "./observed/other-services.js";
import { withStackLock } from "./session/stack-lock.js";
import { type LogSummary, logged } from "./session/stack-log.js";
import { openStackSession, type StackSession } from "./session/stack-session.js";

/** The others Compose says itself, or are no matter of an `up`. */
const shownWarnings: ReadonlySet<string> = new Set(["COMPOSE_BIND_MADE", "COMPOSE_PATH_NOT_SENT"]);

/** After an abort, reaching a parent again whose session was lost may take this long. */
const reachMs = 5000;

const rollback = { stopTimeout: 1, volumes: false };

/**
 * Ships the files that changed, has `docker compose up` do what the plan says and waits until the services are up. Calls
 * for one stack take turns, those of other processes too. If no container of the project was there before and it fails,
 * what it started is taken down, unless `keep` is set; `failuresDir` then has its logs. An error's `details.outcome` says which:
 * `kept`, `saved` (in `details.saved`), or `left` for a stack that was there before.
 *
 * @returns the containers of the stack
 * @throws OttoError `COMPOSE_PROJECT_INVALID`, `COMPOSE_NO_SERVICE`, `COMPOSE_UP_FAILED`, `COMPOSE_KEY_UNSUPPORTED`, `COMPOSE_IMAGE_MISSING`, `COMPOSE_SERVICE_FAILED`, `COMPOSE_NOT_READY`, `COMPOSE_MISSING`,
 * `COMPOSE_ENGINE_FAILED`, `COMPOSE_LOCK_UNAVAILABLE`, `COMPOSE_SESSION_LOST`, `STAGING_FAILED`, `STAGING_FILE_CHANGED`
 */
export async function bringUp(stack: PlacedStack, options: UpOptions): Promise<readonly ObservedContainer[]> {
  const work = async (session: StackSession) => {
    const up = await bringUpIn(session, stack, options);
    // Whoever brings a stack up by itself wants it to stay.
    if (up.isOwned) await markOwned(session, stack, false);
    return up;
  };
  const { containers } = await withStackLock(stack, options, loggedUp(stack, options, work));
  return containers;
}

/** Has an `up` add a line to the log of the parent. */
export function loggedUp<T extends { readonly summary: LogSummary }>(
  stack: PlacedStack,
  { who }: Pick<UpOptions, "who">,
  work: (session: StackSession) => Promise<T>,
): (session: StackSession) => Promise<T> {
  return logged({ do: "up", who, repo: stack.repo.name }, work, ({ summary }) => summary);
}

export interface BroughtUp {
  readonly containers: readonly ObservedContainer[];
  /** Whether the last holder of a lease takes it down. */
  readonly isOwned: boolean;
  /** For the log of the parent. */
  readonly summary: LogSummary;
}

/** Within a session that holds the stack's lock. @param own whether the last holder of a lease is to take it down */
export async function bringUpIn(
  session: StackSession,
  stack: PlacedStack,
  options: UpOptions & { own?: boolean | undefined },
): Promise<BroughtUp> {
  const { cacheDir, signal } = options;
  requireService(stack);
  options.onPhase?.({ type: "compose.phase", project: stack.project, phase: "observe" });
  const [observed, listing] = await Promise.all([
    observeStack(session, imageReferences(stack)),
    listStack(stack, { cacheDir, signal }),
  ]);
  requireFree(stack, observed.others);
  const noted = stack.files.warnings.filter(({ code }) => shownWarnings.has(code));
  const ranBefore = observed.containers.some(({ state }) => state === "running");
  const owns = options.own === true || (options.own === false && !ranBefore);
  let commit: string | undefined;
  const readOrigin = async () => {
    const origin = await (options.readOrigin as NonNullable<UpOptions["readOrigin"]>)();
    commit = origin.commit;
    return origin;
  };
  const noting = { ...options, readOrigin: options.readOrigin && readOrigin };
  return withListener(options.onEvent, async (onEvent) => {
    for (const message of [...noted.map((one) => one.message), ...observed.warnings])
      onEvent({ type: "compose.warning", project: stack.project, message });
    try {
      const containers = await converge(session, stack, { ...noting, onEvent, observed, listing, owns });
      if (options.failuresDir) await removeSavedFailure(options.failuresDir, session).catch(() => undefined);
      const ready = readyEvent(stack.project, containers, observed.containers);
      onEvent(ready);
      return { containers, isOwned: observed.isOwned || owns, summary: { text: formatReady(ready), commit } };
    } catch (error) {
      throw await settle(session, stack, { ...options, error, observed, owns, onEvent });
    }
  });
}

function readyEvent(
  project: string,
  containers: readonly ObservedContainer[],
  before: readonly ObservedContainer[],
): ReadyEvent {
  const idsOf = (all: readonly ObservedContainer[]) => all.map(({ id, state }) => `${id} ${state}`).toSorted();
  const ports = containers.flatMap(({ service, replica, ports: own }) =>
    own.map((port) => ({ service, replica, ...port })),
  );
  const services = new Set(containers.map(({ service }) => service)).size;
  const isChanged = idsOf(containers).join() !== idsOf(before).join();
  return { type: "compose.ready", project, services, isChanged, ports };
}

function formatReady({ services, isChanged }: ReadyEvent): string {
  return `${services === 1 ? "1 service" : `${services} services`} up${isChanged ? "" : ", nothing changed"}`;
}

interface Settling extends UpOptions {
  readonly error: unknown;
  /** The stack before. */
  readonly observed: ObservedStack;
  readonly owns: boolean;
}

/** What becomes of a stack whose `up` failed. @returns the error, with that in its `details` */
async function settle(session: StackSession, stack: PlacedStack, options: Settling): Promise<unknown> {
  const { error, observed, keep = false, onEvent } = options;
  const { project } = stack;
  if (observed.containers.length > 0) return withDetails(error, { outcome: "left" });
  if (keep) {
    if (options.owns) await markOwned(session, stack, false).catch(() => undefined);
    const message = "what it started is kept, as was asked; `otto docker down` removes it";
    if (!isOttoError(error)) onEvent?.({ type: "compose.warning", project, message });
    return withDetails(error, { outcome: "kept" });
  }
  const saved = await save(session, stack, options);
  await undo(session, options);
  if (saved === undefined) return error;
  const message = `the logs of its containers are in ${saved}; \`otto docker logs\` shows them`;
  if (!isOttoError(error)) onEvent?.({ type: "compose.warning", project, message });
  return withDetails(error, { outcome: "saved", saved });
}

/** That nothing could be saved must not hide why it was to be. */
async function save(session: StackSession, stack: PlacedStack, { error, failuresDir }: Settling) {
  if (!failuresDir || session.isOver || session.isSilent) return undefined;
  try {
    const containers = await observeContainers(session);
    return await saveFailure(
      { session, redactor: createStackRedactor(stack) },
      { root: failuresDir, error, containers },
    );
  } catch {
    return undefined;
  }
}

/** An abort's reason is the caller's own. */
function withDetails(error: unknown, more: Readonly<Record<string, Json>>): unknown {
  return isOttoError(error) ? amendError(error, { details: { ...error.details, ...more } }) : error;
}

/**
 * The caller's abort must not keep this from running, nor may its failure hide why it runs. A parent that does not answer
 * is left to itself.
 */
async function undo(session: StackSession, { who, signal, onEvent, onPhase }: UpOptions): Promise<void> {
  using grace = startGrace(() => reachMs, signal);
  const takeBack = async () => {
    if (session.isSilent) return undefined;
    if (!session.isOver) return takeDownIn(session, { ...rollback, onEvent, onPhase });
    await using other = await openStackSession(session, { who, evenReserved: true, signal: grace.signal });
    return await takeDownIn(other, { ...rollback, onEvent, onPhase });
  };
  const again = () => (session.isOver ? takeBack() : undefined);
  const outcome = await takeBack()
    .catch(again)
    .catch(() => undefined);
  if (outcome?.kept === undefined) return;
  onEvent?.({ type: "compose.warning", project: session.project, message: formatKept(outcome.kept) });
}
