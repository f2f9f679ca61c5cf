import { isRuntimeFailure } from "@otto/engine";
import { cleanText, startRunningClock } from "@otto/errors";
import type { TreeListing } from "@otto/remote-tree";
import { isNameTaken, lastLine } from "./declared/engine-text.js";
import { imageReference, imageReferences } from "./declared/image-reference.js";
import { chooseServices, forcedServices } from "./declared/service-choice.js";
import type { PlacedStack } from "./declared/stack.js";
import { createStackRedactor, type StackRedactor } from "./declared/stack-redactor.js";
import { readDesiredStack } from "./desired/desired-stack.js";
import { createStackProgress, type StackProgress } from "./events/stack-progress.js";
import { type Execution, executePlan } from "./execute/executor.js";
import { explainFailure, requireImages } from "./execute/missing-images.js";
import { pullImages } from "./execute/pull.js";
import { findFailure, isReady, readyOptions, waitUntilReady } from "./execute/readiness.js";
import { markOwned, sendFiles, writeLabels } from "./execute/staged-files.js";
import type { UpOptions } from "./execute/up-options.js";
import { watchContainers } from "./observed/container-events.js";
import { observeHeld } from "./observed/held-containers.js";
import {
  type ObservedContainer,
  type ObservedStack,
  observeContainers,
  observeStack,
} from "./observed/observed-stack.js";
import { formatUpStep, isConverged, type UpPlan } from "./plan/operations.js";
import { planUp } from "./plan/reconcile.js";
import { type ComposeOutcome, createCompose } from "./session/compose-process.js";
import type { StackPhaseName } from "./session/stack-phase.js";
import type { StackSession } from "./session/stack-session.js";

export interface ConvergenceOptions extends UpOptions {
  readonly observed: ObservedStack;
  readonly listing: TreeListing;
  /** Whether the last holder of a lease is to take it down. */
  readonly owns: boolean;
}

/** Makes the stack what it is declared to be, and waits until it is up. */
export async function converge(
  session: StackSession,
  stack: PlacedStack,
  options: ConvergenceOptions,
): Promise<readonly ObservedContainer[]> {
  const { observed, build = true, onEvent } = options;
  const { project } = stack;
  const begin = (phase: StackPhaseName) => options.onPhase?.({ type: "compose.phase", project, phase });
  const directory = observed.remoteDir;
  const redactor = createStackRedactor(stack);
  const compose = createCompose(session, redactor);
  begin("plan");
  // What compose refuses is refused before anything is sent.
  const desired = await readDesiredStack(compose, stack, options);
  const chosen = chooseServices(stack, observed.containers);
  const forced = forcedServices(chosen);
  const held = await observeHeld(session, observed.containers);
  const planFor = (seen: ObservedStack) =>
    planUp(chosen.files.services, { ...seen, ...desired, project, mayBuild: build, forced, held });
  const planned = planFor(observed);
  onEvent?.({ type: "compose.planned", project, steps: planned });
  if (!build) requireImages(chosen, observed, planned);
  const origin = isConverged(planned) ? undefined : options.readOrigin?.();
  begin("send files");
  await sendFiles(session, { directory, tree: desired.tree }, options);
  if (options.owns) await markOwned(session, stack, true);
  using progress = await openProgress(chosen, { ...options, redactor });
  begin("pull");
  const pulled = await pullImages(chosen, planned, { ...options, compose, directory, progress });
  const seen =
    pulled.size === 0
      ? observed
      : { ...observed, images: (await observeStack(session, imageReferences(stack))).images };
  const plan = planFor(seen);
  if (changesOf(plan) !== changesOf(planned)) onEvent?.({ type: "compose.planned", project, steps: plan });
  using clock = startRunningClock();
  const waiting = readyOptions(chosen, plan, { ...options, before: seen.containers, held, now: clock.now });
  const isUp = isConverged(plan) && isReady(waiting);
  if (!isConverged(plan) || (isUp && desired.isNew)) {
    const labels = { origin: await origin, owns: options.owns };
    await writeLabels(session, stack, { directory, desired, pulled, ...labels });
  }
  if (isUp) return seen.containers;
  const watched = { session, redactor, events: await watchContainers(session, (change) => progress.hear(change)) };
  if (!isConverged(plan)) {
    begin("apply");
    const execution = { stack: chosen, compose, directory, watched, waiting, progress, onEvent };
    await execute(execution, plan, { observed: seen, planFor, build });
  }
  begin("wait");
  return await waitUntilReady(watched, waiting);
}

async function openProgress(
  { project, files }: PlacedStack,
  { observed, onEvent = () => {}, redactor }: ConvergenceOptions & { readonly redactor: StackRedactor },
): Promise<StackProgress> {
  const { services } = files;
  const servicesOfImage = (image: string) =>
    services.filter((service) => imageReference(project, service) === image).map(({ name }) => name);
  const before = observed.containers;
  return createStackProgress({ project, services, before, redactor: await redactor(), onEvent, servicesOfImage });
}

/** What is done to containers and by builds. */
function changesOf(plan: UpPlan): string {
  return plan
    .filter((step) => step.do !== "pull" && step.do !== "leave")
    .map(formatUpStep)
    .join("\n");
}

interface Planning {
  readonly observed: ObservedStack;
  readonly planFor: (seen: ObservedStack) => UpPlan;
  readonly build: boolean;
}

/**
 * Does what the plan says. It is looked, planned and done once more when the container runtime failed before a program
 * began, and when names that compose wants are taken: what an `up` that was killed had asked the engine for may be there
 * only after we have looked.
 */
async function execute(execution: Execution, plan: UpPlan, { observed, planFor, build }: Planning): Promise<void> {
  const { stack, watched, waiting, onEvent } = execution;
  const { project } = stack;
  const first = await executePlan(execution, plan);
  let last = first;
  const isRuntime = isRuntimeFailure(first.output);
  if (first.exitCode !== 0 && (isRuntime || isNameTaken(first.output))) {
    if (isRuntime) onEvent?.({ type: "compose.warning", project, message: repeating(first) });
    const again = planFor({ ...observed, containers: await observeContainers(watched.session) });
    onEvent?.({ type: "compose.planned", project, steps: again });
    last = await executePlan(execution, again);
  }
  waiting.signal?.throwIfAborted();
  if (last.exitCode !== 0) {
    const failure = await findFailure(watched, waiting);
    throw failure ?? (await explainFailure(execution, plan, { observed, build, output: last.output }));
  }
  onEvent?.({ type: "compose.started", project, output: last.output });
}

function repeating({ output }: ComposeOutcome): string {
  return `the container runtime failed, what did not start is started once more: ${lastLine(cleanText(output))}`;
}
