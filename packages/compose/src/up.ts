import { ownDirectory, quoteWord, stagedDirectoryScript, updateTree } from "@otto/staging";
import { labelsFile, upCommand } from "./compose-command.js";
import { createCompose } from "./compose-process.js";
import { watchContainers } from "./container-events.js";
import { takeDownIn } from "./down.js";
import { formatDigest, type ServiceDigest } from "./service-digest.js";
import type { PlacedStack } from "./stack.js";
import { findFailure, isReady, waitUntilReady } from "./stack-health.js";
import { configLabel, dockerWords, type ObservedContainer } from "./stack-observation.js";
import { compareStack, planStack, readDigests, repairScript, type StackComparison, upFailed } from "./stack-plan.js";
import { openStackSession, type StackSession } from "./stack-session.js";
import { inStackSession, type WaitingEvent } from "./stack-turn.js";
import { isConverged, type UpStep } from "./up-plan.js";

export type UpEvent =
  /** Someone else works on the stack; this call goes on when they are done. */
  | WaitingEvent
  /** `files`: how many were sent; those that have not changed are not. */
  | { readonly type: "compose.staged"; readonly project: string; readonly files: number }
  | { readonly type: "compose.planned"; readonly project: string; readonly steps: readonly UpStep[] }
  | { readonly type: "compose.started"; readonly project: string; readonly output: string };

export interface UpOptions {
  /** How long services may take to be up, in milliseconds. Default 300,000. */
  readonly readyTimeoutMs?: number | undefined;
  /** What others are told who wait for this. */
  readonly who: string;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: UpEvent) => void) | undefined;
}

const defaultReadyTimeoutMs = 300_000;
const rollback = { stopTimeout: 1, volumes: false };

/**
 * Ships the files that changed, has `docker compose up` do what the plan says and waits until the services are up. Calls
 * for one stack take turns, those of other processes too. If no container of the project was there before and it fails,
 * what it started is taken down.
 *
 * @returns the containers of the stack
 * @throws OttoError `COMPOSE_UP_FAILED`, `COMPOSE_SERVICE_FAILED`, `COMPOSE_NOT_READY`, `COMPOSE_MISSING`,
 * `COMPOSE_ENGINE_FAILED`, `COMPOSE_LOCK_UNAVAILABLE`, `COMPOSE_SESSION_LOST`, `STAGING_FAILED`
 */
export async function bringUp(stack: PlacedStack, options: UpOptions): Promise<readonly ObservedContainer[]> {
  return inStackSession(stack, options, async (session) => {
    const { containers } = await bringUpIn(session, stack, options);
    // Whoever brings a stack up by itself wants it to stay.
    await markOwned(session, stack, false);
    return containers;
  });
}

export interface BroughtUp {
  readonly containers: readonly ObservedContainer[];
  /** Whether a container of the stack ran before. */
  readonly ranBefore: boolean;
}

/** Within a session that holds the stack's lock. @param own whether those who use the stack are to hold it in common */
export async function bringUpIn(
  session: StackSession,
  stack: PlacedStack,
  options: UpOptions & { own?: boolean | undefined },
): Promise<BroughtUp> {
  const comparison = await compareStack(session, stack);
  const before = comparison.observation.containers;
  const ranBefore = before.some(({ state }) => state === "running");
  try {
    const containers = await converge(session, stack, {
      ...options,
      comparison,
      owns: options.own === true || (options.own === false && !ranBefore),
    });
    return { containers, ranBefore };
  } catch (error) {
    if (before.length === 0) await undo(session, stack, options);
    throw error;
  }
}

/** The caller's abort must not keep this from running, nor may its failure hide why it runs. */
async function undo(session: StackSession, { parent, project }: PlacedStack, { who }: UpOptions): Promise<void> {
  const takeBack = async () => {
    if (!session.isOver) return takeDownIn(session, parent, project, rollback);
    await using other = await openStackSession(parent, { project, who });
    return await takeDownIn(other, parent, project, rollback);
  };
  const again = () => {
    if (session.isOver) return takeBack();
  };
  await takeBack()
    .catch(again)
    .catch(() => {});
}

interface Convergence extends UpOptions {
  readonly comparison: StackComparison;
  readonly owns: boolean;
}

async function converge(
  session: StackSession,
  stack: PlacedStack,
  options: Convergence,
): Promise<readonly ObservedContainer[]> {
  const { parent, project } = stack;
  const { observation, tree } = options.comparison;
  const directory = observation.remoteDir;
  await updateTree({ shell: session, remoteDir: directory, host: parent.id, docker: parent.docker.command }, tree);
  options.onEvent?.({ type: "compose.staged", project, files: tree.send.length });
  if (options.owns) await markOwned(session, stack, true);
  const timeoutMs = options.readyTimeoutMs ?? defaultReadyTimeoutMs;
  const compose = createCompose(session, parent);
  const digests = await readDigests(compose, stack, { directory, tree, signal: options.signal });
  const plan = planStack(stack, options.comparison, digests);
  options.onEvent?.({ type: "compose.planned", project, steps: plan.steps });
  const deadline = performance.now() + timeoutMs;
  const waiting = {
    project,
    services: stack.files.services,
    before: observation.containers,
    deadline,
    timeoutMs,
    signal: options.signal,
  };
  if (isConverged(plan) && isReady(waiting)) return observation.containers;
  const events = await watchContainers(session, parent, project);
  if (!isConverged(plan)) {
    const writing = await session.run(writeLabelsScript(directory, digests));
    if (writing.exitCode !== 0) throw upFailed(stack, writing.output);
    const repaired = await session.run(repairScript(plan, dockerWords(parent)));
    if (repaired.exitCode !== 0) throw upFailed(stack, repaired.output);
    const started = await runUp();
    options.signal?.throwIfAborted();
    if (started.exitCode !== 0) throw (await findFailure(session, parent, waiting)) ?? upFailed(stack, started.output);
    options.onEvent?.({ type: "compose.started", project, output: started.output });
  }
  return await waitUntilReady({ session, parent, events }, waiting);

  async function runUp() {
    if (plan.services.length === 0) return { exitCode: 0, output: "" };
    const late = AbortSignal.timeout(Math.min(timeoutMs, 2 ** 31 - 1));
    const signal = options.signal === undefined ? late : AbortSignal.any([late, options.signal]);
    const run = { environment: stack.files.environment, cwd: `${directory}/${stack.files.projectDirectory}`, signal };
    const outcome = await compose.run(
      (argv) => upCommand(argv, stack, { directory, services: plan.services, build: plan.build }),
      run,
    );
    // Then the wait, whose time is over, says what it was for.
    return late.aborted ? { exitCode: 0, output: outcome.output } : outcome;
  }
}

/** The labels make compose replace the containers that the plan says, and tell the next plan what they were started from. */
function writeLabelsScript(directory: string, digests: ReadonlyMap<string, ServiceDigest>): string {
  const labelled = [...digests].map(([name, digest]) => [name, { labels: { [configLabel]: formatDigest(digest) } }]);
  const text = JSON.stringify({ services: Object.fromEntries(labelled) });
  const file = quoteWord(`${directory}/${labelsFile}`);
  return `{ printf %s ${quoteWord(text)} >${file}.new && mv -f ${file}.new ${file}; } 2>&1`;
}

/** Notes on the parent whether a stack is held in common by those who use it. */
export async function markOwned(
  session: StackSession,
  { parent, project }: Pick<PlacedStack, "parent" | "project">,
  owned: boolean,
): Promise<void> {
  const file = `"$dir/${ownDirectory}/owned"`;
  const { exitCode, output } = await session.run(
    `${stagedDirectoryScript(project, parent.docker.stagingRoot)}\n${owned ? `: >${file}` : `rm -f ${file}`} 2>&1`,
  );
  if (exitCode !== 0) throw upFailed({ parent, project } as PlacedStack, output);
}
