import { isRuntimeFailure, registryConnectionHint } from "@otto/engine";
import { cleanText, quoteWord, startDeadline } from "@otto/errors";
import { ownDirectory, type SetAside, stagedDirectoryScript, updateTree } from "@otto/remote-tree";
import { isNameTaken, lastLine } from "../declared/engine-text.js";
import { buildLabel, findBuilders, imageReferences } from "../declared/image-reference.js";
import type { PlacedStack } from "../declared/stack.js";
import { createStackRedactor, type StackRedactor } from "../declared/stack-redactor.js";
import {
  planStack,
  readDigests,
  repairScript,
  restartScript,
  type StackComparison,
  upFailed,
  type WantedDigests,
} from "../desired/desired-stack.js";
import { cacheFile, digestKey, formatDigests } from "../desired/digest-cache.js";
import { formatDigest, type ServiceDigest } from "../desired/service-digest.js";
import { watchContainers } from "../observed/container-events.js";
import {
  configLabel,
  dockerWords,
  type ObservedContainer,
  observeContainers,
  observeStack,
  type StackObservation,
} from "../observed/observed-stack.js";
import { isConverged, type UpPlan } from "../plan/reconcile.js";
import type { UpStage } from "../plan/stages.js";
import { labelsFile, upCommand } from "../session/compose-command.js";
import { type Compose, type ComposeOutcome, createCompose, runInTree } from "../session/compose-process.js";
import type { StackSession } from "../session/stack-session.js";
import type { UpOptions } from "../up.js";
import { adviseImage, findUnbuilt, imageMissing } from "./missing-images.js";
import { pullImages } from "./pull.js";
import { type ContainerEvents, findFailure, isReady, type ReadyOptions, waitUntilReady } from "./readiness.js";

const defaultReadyTimeoutMs = 300_000;

export interface ConvergenceOptions extends UpOptions {
  readonly comparison: StackComparison;
  /** Whether those who use the stack are to hold it in common. */
  readonly owns: boolean;
}

/** Makes the stack what it is declared to be, and waits until it is up. */
export async function converge(
  session: StackSession,
  stack: PlacedStack,
  options: ConvergenceOptions,
): Promise<readonly ObservedContainer[]> {
  const { parent, project } = stack;
  const redactor = createStackRedactor(stack);
  const compose = createCompose(session, parent, redactor);
  // What compose refuses is refused before anything is sent.
  const digests = await readDigests(stack, { ...options, session, compose });
  const planned = planStack(stack, options.comparison.observation, { ...options, digests: digests.wanted });
  options.onEvent?.({ type: "compose.planned", project, steps: planned.steps });
  if (options.build === false) requireImages(stack, options.comparison.observation, planned);
  await ship(session, stack, options);
  if (options.owns) await markOwned(session, stack, true);
  const { observation, pulled } = await pull(session, stack, { ...options, compose, plan: planned });
  const comparison = { ...options.comparison, observation };
  const plan = pulled.size === 0 ? planned : planStack(stack, observation, { ...options, digests: digests.wanted });
  if (changesOf(plan) !== changesOf(planned))
    options.onEvent?.({ type: "compose.planned", project, steps: plan.steps });
  const waiting = readyOptions(stack, plan, { ...options, comparison });
  if (isConverged(plan) && isReady(waiting)) {
    if (digests.isNew) await writeFiles(session, stack, { comparison, digests, pulled });
    return observation.containers;
  }
  const events = await watchContainers(session, parent, project);
  const work: Work = {
    ...{ session, stack, redactor, compose, events, waiting, digests: digests.wanted },
    options: { ...options, comparison },
  };
  if (!isConverged(plan)) {
    await writeFiles(session, stack, { comparison, digests, pulled });
    await apply(work, plan);
  }
  return await waitUntilReady({ session, parent, redactor, events }, waiting);
}

/** What is done to containers and by builds. */
function changesOf({ steps }: UpPlan): string {
  return JSON.stringify(steps.filter((step) => step.do !== "pull" && step.do !== "leave"));
}

async function ship(session: StackSession, { parent, project }: PlacedStack, options: ConvergenceOptions) {
  const { observation, tree } = options.comparison;
  const { command: docker, stagingRoot } = parent.docker;
  const place = { shell: session, remoteDir: observation.remoteDir, host: parent.id, docker, stagingRoot };
  const aside = await updateTree(place, tree, options.signal);
  if (aside !== undefined) options.onEvent?.({ type: "compose.warning", project, message: formatAside(parent, aside) });
  options.onEvent?.({ type: "compose.staged", project, files: tree.send.length });
}

interface PullOptions extends ConvergenceOptions {
  readonly compose: Compose;
  readonly plan: UpPlan;
}

/** @returns the stack with the images that are there then, and the services whose images were pulled */
async function pull(session: StackSession, stack: PlacedStack, options: PullOptions) {
  const { observation } = options.comparison;
  const pulled = await pullImages(stack, options.plan, { ...options, observation });
  if (pulled.size === 0) return { observation, pulled };
  const { parent, project } = stack;
  const { images } = await observeStack(session, parent, { project, images: imageReferences(stack) });
  return { observation: { ...observation, images }, pulled };
}

function formatAside({ id }: PlacedStack["parent"], { directory, paths }: SetAside): string {
  const names = paths.map((path) => path.replace(/^repo\//, "")).join(", ");
  return `your version replaces what a container wrote: ${cleanText(names)}; the container's version is now in ${id}:${directory}`;
}

/** An image with a name of its own may be had from a registry: then compose tries that first. */
function requireImages(stack: PlacedStack, { images }: StackObservation, plan: UpPlan): void {
  const unbuilt = findUnbuilt(stack, images, plan).find(({ image }) => image === undefined);
  if (unbuilt !== undefined) throw imageMissing(stack, unbuilt);
}

function readyOptions(
  { project, parent, files }: PlacedStack,
  plan: UpPlan,
  options: ConvergenceOptions,
): ReadyOptions {
  const timeoutMs = options.readyTimeoutMs ?? defaultReadyTimeoutMs;
  const message = `the engine of ${parent.id} does not answer; waiting until it does`;
  return {
    project,
    services: files.services,
    before: options.comparison.observation.containers.filter(({ id }) => !plan.restarted.includes(id)),
    deadline: performance.now() + timeoutMs,
    timeoutMs,
    signal: options.signal,
    onAbsent: () => options.onEvent?.({ type: "compose.warning", project, message }),
  };
}

interface Work {
  readonly session: StackSession;
  readonly stack: PlacedStack;
  readonly redactor: StackRedactor;
  readonly compose: Compose;
  readonly events: ContainerEvents;
  readonly options: ConvergenceOptions;
  readonly waiting: ReadyOptions;
  readonly digests: ReadonlyMap<string, ServiceDigest>;
}

/**
 * Does what the plan says. It is looked, planned and done once more when the container runtime failed before a program
 * began, and when names that compose wants are taken: what an `up` that was killed had asked the engine for may be there
 * only after we have looked.
 */
async function apply(work: Work, plan: UpPlan): Promise<void> {
  const { session, stack, options, waiting, digests } = work;
  const { parent, project } = stack;
  const first = await applyOnce(work, plan);
  let last = first;
  const isRuntime = isRuntimeFailure(first.output);
  if (first.exitCode !== 0 && (isRuntime || isNameTaken(first.output))) {
    if (isRuntime) options.onEvent?.({ type: "compose.warning", project, message: repeating(first) });
    const containers = await observeContainers(session, parent, project);
    const observation = { ...options.comparison.observation, containers };
    last = await applyOnce(work, planStack(stack, observation, { ...options, digests }));
  }
  options.signal?.throwIfAborted();
  if (last.exitCode !== 0)
    throw (await findFailure({ ...work, parent }, waiting)) ?? (await applyFailed(work, plan, last));
  options.onEvent?.({ type: "compose.started", project, output: last.output });
}

function repeating({ output }: ComposeOutcome): string {
  return `the container runtime failed, what did not start is started once more: ${lastLine(cleanText(output))}`;
}

async function applyFailed({ session, stack, options }: Work, plan: UpPlan, { output }: ComposeOutcome) {
  const { observation } = options.comparison;
  const [unbuilt] = options.build === false ? findUnbuilt(stack, observation.images, plan) : [];
  if (unbuilt !== undefined) return imageMissing(stack, unbuilt, cleanText(output));
  const { parent, project } = stack;
  // Compose may have pulled meanwhile what was not there.
  const wanted = { project, images: imageReferences(stack) };
  const { images } = await observeStack(session, parent, wanted).catch(() => observation);
  const advice = adviseImage(stack, images);
  const connection = registryConnectionHint(output);
  // A name without a registry is likelier a slip than meant for Docker Hub.
  const hint = output.includes("registry-1.docker.io") ? (advice ?? connection) : (connection ?? advice);
  return upFailed(stack, output, { directory: observation.remoteDir, hint });
}

async function applyOnce(work: Work, plan: UpPlan): Promise<ComposeOutcome> {
  const { session, stack } = work;
  const docker = dockerWords(stack.parent);
  const actions: (false | (() => Promise<ComposeOutcome>))[] = [
    plan.repairs.length > 0 && (() => session.run(repairScript(plan, docker))),
    ...plan.stages.map((stage, index) => () => runStage(work, stage, index === plan.stages.length - 1)),
    plan.restarted.length > 0 && (() => session.run(restartScript(plan, docker))),
  ];
  let output = "";
  for (const action of actions) {
    if (action === false) continue;
    const outcome = await action();
    output += outcome.output;
    if (outcome.exitCode !== 0) return { exitCode: outcome.exitCode, output };
  }
  return { exitCode: 0, output };
}

/** What depends on a stage's services is in a later one, where compose does not wait for them. */
async function runStage(work: Work, stage: UpStage, isLast: boolean): Promise<ComposeOutcome> {
  const outcome = await runUp(work, stage);
  if (isLast || outcome.exitCode !== 0) return outcome;
  const services = work.waiting.services.filter(({ name }) => stage.services.includes(name));
  await waitUntilReady({ ...work, parent: work.stack.parent }, { ...work.waiting, services });
  return outcome;
}

async function runUp(work: Work, stage: UpStage): Promise<ComposeOutcome> {
  const { stack, compose, options, waiting } = work;
  const { project } = stack;
  const directory = options.comparison.observation.remoteDir;
  const leftMs = Math.ceil(Math.max(waiting.deadline - performance.now(), 0));
  using late = startDeadline(leftMs, options.signal);
  const outcome = await runInTree(
    compose,
    stack,
    directory,
  )((argv) => upCommand(argv, stack, { directory, stage }), {
    signal: late.signal,
    onOutput: (text) => options.onEvent?.({ type: "compose.output", project, text }),
  });
  // Then the wait, whose time is over, says what it was for.
  return late.passed ? { exitCode: 0, output: outcome.output } : outcome;
}

interface WrittenFiles {
  readonly comparison: StackComparison;
  readonly digests: WantedDigests;
  /** The services whose images were pulled. */
  readonly pulled: ReadonlySet<string>;
}

/**
 * The labels make compose replace the containers that the plan says, and tell the next plan what they were started from;
 * the digests spare the next `up` of the same files to have compose read them.
 */
async function writeFiles(
  session: StackSession,
  stack: PlacedStack,
  { comparison: { observation, tree }, digests: { declared, wanted }, pulled }: WrittenFiles,
): Promise<void> {
  const builders = findBuilders(stack);
  const labelled = [...wanted].map(([name, digest]) => {
    const labels = labelsOf(digest, !builders.has(name));
    // Compose would pull it again, without the login.
    return [name, pulled.has(name) ? { ...labels, pull_policy: "missing" } : labels] as const;
  });
  const labels = JSON.stringify({ services: Object.fromEntries(labelled) });
  const write = (path: string, text: string) => {
    const file = quoteWord(`${observation.remoteDir}/${path}`);
    return `printf %s ${quoteWord(text)} >${file}.new && mv -f ${file}.new ${file}`;
  };
  const known = formatDigests(digestKey(stack, tree.wanted), declared);
  const script = [write(labelsFile, labels), write(cacheFile, known)].join(" && ");
  const { exitCode, output } = await session.run(`{ ${script}; } 2>&1`);
  if (exitCode !== 0) throw upFailed(stack, output);
}

function labelsOf(digest: ServiceDigest, isBuilder: boolean): object {
  const labels = { [configLabel]: formatDigest(digest) };
  return digest.build === "" || !isBuilder ? { labels } : { labels, build: { labels: { [buildLabel]: digest.build } } };
}

/** Notes on the parent whether a stack is held in common by those who use it. */
export async function markOwned(session: StackSession, stack: PlacedStack, owned: boolean): Promise<void> {
  const { parent, project } = stack;
  const file = `"$dir/${ownDirectory}/owned"`;
  const { exitCode, output } = await session.run(
    `${stagedDirectoryScript(project, parent.docker.stagingRoot)}\n${owned ? `: >${file}` : `rm -f ${file}`} 2>&1`,
  );
  if (exitCode !== 0) throw upFailed(stack, output);
}
