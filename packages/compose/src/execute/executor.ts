import { startDeadline } from "@otto/errors";
import type { PlacedStack } from "../declared/stack.js";
import { readOutput, type StackProgress, withoutTransfers } from "../events/stack-progress.js";
import type { ObservedContainer } from "../observed/observed-stack.js";
import {
  type ComposeStep,
  type ContainerStep,
  isComposeStep,
  isContainerStep,
  type NetworkStep,
  type UpPlan,
} from "../plan/operations.js";
import { buildCommand, upCommand } from "../session/compose-command.js";
import { type Compose, type ComposeOutcome, runInTree } from "../session/compose-process.js";
import { explainLate, type ReadyOptions, type WatchedStack, waitUntilReady } from "./readiness.js";
import { containerScript } from "./scripts.js";
import type { UpOptions } from "./up-options.js";

/** What a plan is executed with. */
export interface Execution {
  readonly stack: PlacedStack;
  readonly compose: Compose;
  /** Absolute path of the staged tree. */
  readonly directory: string;
  readonly watched: WatchedStack;
  readonly waiting: ReadyOptions;
  readonly progress: StackProgress;
  readonly onEvent: UpOptions["onEvent"];
}

/**
 * Executes the steps of a plan in their order, apart from pulls, until one fails.
 * @returns how the last command ended, and what all of them wrote
 */
export async function executePlan(execution: Execution, plan: UpPlan): Promise<ComposeOutcome> {
  const { session } = execution.compose;
  const replaced = replacedIn(plan, execution.waiting.before);
  let output = "";
  for (const group of groupSteps(plan)) {
    execution.progress.begin({ services: servicesOf(group), replaced });
    const outcome =
      "run" in group
        ? await runCompose(execution, group.run)
        : await session.run(containerScript(session, group.containers));
    output += outcome.output;
    if (outcome.exitCode !== 0) return { exitCode: outcome.exitCode, output };
  }
  return { exitCode: 0, output };
}

/** Steps that one command does: those of one run of compose, or ones of single containers that follow each other. */
type StepGroup = { readonly run: RunSteps } | { readonly containers: (ContainerStep | NetworkStep)[] };
type RunSteps = [ComposeStep, ...ComposeStep[]];

function groupSteps(plan: UpPlan): StepGroup[] {
  const groups: StepGroup[] = [];
  for (const step of plan) {
    const last = groups.at(-1);
    if (isContainerStep(step)) {
      if (last !== undefined && "containers" in last) last.containers.push(step);
      else groups.push({ containers: [step] });
    }
    if (isComposeStep(step)) {
      if (last !== undefined && "run" in last && last.run[0].run.number === step.run.number) last.run.push(step);
      else groups.push({ run: [step] });
    }
  }
  return groups;
}

function servicesOf(group: StepGroup): string[] {
  const steps = "run" in group ? group.run : group.containers;
  return [...new Set(steps.flatMap(({ service }) => service ?? []))];
}

/** Ids of containers that go, or are stopped and started again. */
function replacedIn(plan: UpPlan, before: readonly ObservedContainer[]): ReadonlySet<string> {
  const services = plan.filter((step) => step.do === "recreate" || step.do === "remove").map(({ service }) => service);
  const own = before.filter(({ service }) => services.includes(service)).map(({ id }) => id);
  return new Set([...own, ...plan.flatMap((step) => (isContainerStep(step) ? step.containers : []))]);
}

/** Compose waits by itself for what is in the same run. */
async function runCompose(execution: Execution, steps: RunSteps): Promise<ComposeOutcome> {
  const { stack, compose, directory, watched, waiting, progress, onEvent } = execution;
  const services = [...new Set(steps.map(({ service }) => service))];
  const awaited = new Set(steps.flatMap(({ after }) => after).filter((service) => !services.includes(service)));
  if (awaited.size > 0) {
    const earlier = waiting.services.filter(({ name }) => awaited.has(name));
    await waitUntilReady(watched, { ...waiting, services: earlier });
  }
  const leftMs = Math.ceil(Math.max(waiting.deadline - waiting.now(), 0));
  using late = startDeadline(leftMs, waiting.signal);
  const run = runInTree(compose, stack, directory);
  const onOutput = readOutput(progress, stack.project, onEvent);
  const options = { directory, services, ...steps[0].run };
  const command = steps.every(({ do: action }) => action === "build") ? buildCommand : upCommand;
  const whole = await run((argv) => command(argv, stack, options), { signal: late.signal, onOutput });
  const outcome = withoutTransfers(whole);
  if (!late.passed || outcome.exitCode === 0) return outcome;
  const own = waiting.services.filter(({ name }) => services.includes(name));
  throw await explainLate(watched, { ...waiting, services: own });
}
