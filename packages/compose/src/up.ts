import { startGrace, withListener } from "@otto/errors";
import type { PlacedStack } from "./declared/stack.js";
import { compareStack } from "./desired/desired-stack.js";
import { formatKept, takeDownIn } from "./down.js";
import { converge, markOwned } from "./execute/executor.js";
import type { FindLogin } from "./execute/pull.js";
import type { ObservedContainer } from "./observed/observed-stack.js";
import type { UpStep } from "./plan/reconcile.js";
import { openStackSession, type StackSession } from "./session/stack-session.js";
import { inStackSession, type WaitingEvent } from "./session/stack-turn.js";

export type UpEvent =
  /** Someone else works on the stack; this call goes on when they are done. */
  | WaitingEvent
  /** `files`: how many were sent; those that have not changed are not. */
  | { readonly type: "compose.staged"; readonly project: string; readonly files: number }
  | { readonly type: "compose.planned"; readonly project: string; readonly steps: readonly UpStep[] }
  /** What compose writes while it pulls, builds and starts: whole lines, as they come. */
  | { readonly type: "compose.output"; readonly project: string; readonly text: string }
  /** `output`: all that compose wrote. */
  | { readonly type: "compose.started"; readonly project: string; readonly output: string }
  | { readonly type: "compose.warning"; readonly project: string; readonly message: string };

export interface UpOptions {
  /** Whether compose may build images: of services with a `build` section. Default true. */
  readonly build?: boolean | undefined;
  /** The directory for the digests of staged files that have not changed since; `false` (the default) reads every file. */
  readonly cacheDir?: string | false | undefined;
  /** How long services may take to be up, in milliseconds. Default 300,000. */
  readonly readyTimeoutMs?: number | undefined;
  /** The user's logins for registries: private images are pulled with them. Default: none. */
  readonly findLogin?: FindLogin | undefined;
  /** The name under which a waiting command reports this call. */
  readonly who: string;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: UpEvent) => void) | undefined;
}

/** The others Compose says itself, or are no matter of an `up`. */
const shownWarnings: ReadonlySet<string> = new Set(["COMPOSE_BIND_MADE", "COMPOSE_PATH_NOT_SENT"]);

/** After an abort, reaching a parent again whose session was lost may take this long. */
const reachMs = 5000;

const rollback = { stopTimeout: 1, volumes: false };

/**
 * Ships the files that changed, has `docker compose up` do what the plan says and waits until the services are up. Calls
 * for one stack take turns, those of other processes too. If no container of the project was there before and it fails,
 * what it started is taken down.
 *
 * @returns the containers of the stack
 * @throws OttoError `COMPOSE_PROJECT_INVALID`, `COMPOSE_NO_SERVICE`, `COMPOSE_UP_FAILED`, `COMPOSE_IMAGE_MISSING`, `COMPOSE_SERVICE_FAILED`, `COMPOSE_NOT_READY`, `COMPOSE_MISSING`,
 * `COMPOSE_ENGINE_FAILED`, `COMPOSE_LOCK_UNAVAILABLE`, `COMPOSE_SESSION_LOST`, `STAGING_FAILED`, `STAGING_FILE_CHANGED`
 */
export async function bringUp(stack: PlacedStack, options: UpOptions): Promise<readonly ObservedContainer[]> {
  return inStackSession(stack, options, async (session) => {
    const { containers, isOwned } = await bringUpIn(session, stack, options);
    // Whoever brings a stack up by itself wants it to stay.
    if (isOwned) await markOwned(session, stack, false);
    return containers;
  });
}

export interface BroughtUp {
  readonly containers: readonly ObservedContainer[];
  /** Whether those who use the stack hold it in common. */
  readonly isOwned: boolean;
}

/** Within a session that holds the stack's lock. @param own whether those who use the stack are to hold it in common */
export async function bringUpIn(
  session: StackSession,
  stack: PlacedStack,
  options: UpOptions & { own?: boolean | undefined },
): Promise<BroughtUp> {
  const comparison = await compareStack(session, stack, options);
  const { containers: before, isOwned, warnings } = comparison.observation;
  const noted = stack.files.warnings.filter(({ code }) => shownWarnings.has(code));
  const ranBefore = before.some(({ state }) => state === "running");
  return withListener(options.onEvent, async (onEvent) => {
    for (const message of [...noted.map((one) => one.message), ...warnings])
      onEvent({ type: "compose.warning", project: stack.project, message });
    try {
      const owns = options.own === true || (options.own === false && !ranBefore);
      const containers = await converge(session, stack, { ...options, onEvent, comparison, owns });
      return { containers, isOwned: isOwned || owns };
    } catch (error) {
      if (before.length === 0) await undo(session, stack, { ...options, onEvent });
      throw error;
    }
  });
}

/**
 * The caller's abort must not keep this from running, nor may its failure hide why it runs. A parent that does not answer
 * is left to itself.
 */
async function undo(
  session: StackSession,
  { parent, project }: PlacedStack,
  { who, signal, onEvent }: UpOptions,
): Promise<void> {
  using grace = startGrace(() => reachMs, signal);
  const takeBack = async () => {
    if (session.isSilent) return undefined;
    if (!session.isOver) return takeDownIn(session, parent, project, rollback);
    await using other = await openStackSession(parent, { project, who, signal: grace.signal });
    return await takeDownIn(other, parent, project, rollback);
  };
  const again = () => (session.isOver ? takeBack() : undefined);
  const outcome = await takeBack()
    .catch(again)
    .catch(() => undefined);
  if (outcome?.kept === undefined) return;
  onEvent?.({ type: "compose.warning", project, message: formatKept(outcome.kept) });
}
