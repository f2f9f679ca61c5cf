import { familiarImageName } from "@otto/hashing";
import { imageReference, imageReferences } from "./declared/image-reference.js";
import { chooseServices, ownImages } from "./declared/service-choice.js";
import type { PlacedStack } from "./declared/stack.js";
import { createStackRedactor } from "./declared/stack-redactor.js";
import { withScratchTree } from "./desired/desired-stack.js";
import { createStackProgress } from "./events/stack-progress.js";
import { pullImages } from "./execute/pull.js";
import type { UpOptions } from "./execute/up-options.js";
import type { ObservedImages } from "./observed/observed-images.js";
import { observeStack } from "./observed/observed-stack.js";
import type { PullStep } from "./plan/operations.js";
import { createCompose } from "./session/compose-process.js";
import { openStackSession } from "./session/stack-session.js";

export type PullOptions = Pick<UpOptions, "who" | "findLogin" | "onEvent" | "signal">;

/** The image of a service that a registry was asked for. */
export interface PulledImage {
  readonly service: string;
  /** As the files name it. */
  readonly image: string;
  /** Whether the parent has another image of this name now, or had none. */
  readonly isNew: boolean;
}

/**
 * Pulls the images of the stack's chosen services, as `docker compose pull`; those that Compose or the repo builds, and those
 * whose `pull_policy` is `never` or `build`, are left out. Containers stay as they are, so it waits for no lock.
 * @throws OttoError `HOST_RESERVED`, `COMPOSE_PROJECT_INVALID`, `COMPOSE_UP_FAILED` with what compose said, `COMPOSE_MISSING`, `COMPOSE_ENGINE_FAILED`
 */
export async function pullStack(stack: PlacedStack, options: PullOptions): Promise<PulledImage[]> {
  const { who, signal, onEvent = () => {} } = options;
  await using session = await openStackSession(stack, { who, locks: false, signal });
  const references = imageReferences(stack);
  const { images: before, containers } = await observeStack(session, references);
  const steps = planStackPull(stack, before);
  if (steps.length === 0) return [];
  await withScratchTree(session, stack, async (directory) => {
    const redactor = createStackRedactor(stack);
    const compose = createCompose(session, redactor);
    const { project, files } = stack;
    const progress = { project, services: files.services, before: containers, redactor: await redactor(), onEvent };
    using shown = createStackProgress(progress);
    await pullImages(stack, steps, { ...options, compose, directory, progress: shown, verb: "pull" });
  });
  const { images: after } = await observeStack(session, references);
  return steps.map(({ service, image }) => ({ service, image, isNew: before[image]?.id !== after[image]?.id }));
}

/** What {@link pullStack} would ask registries for. Changes nothing. @throws OttoError as {@link pullStack} */
export async function previewPull(
  stack: PlacedStack,
  { signal }: Pick<PullOptions, "signal"> = {},
): Promise<StackPullStep[]> {
  await using session = await openStackSession(stack, { who: undefined, signal });
  return planStackPull(stack, (await observeStack(session, imageReferences(stack))).images);
}

export interface StackPullStep extends PullStep {
  /** As the files name it. */
  readonly image: string;
}

const onlyMissing: ReadonlySet<string | undefined> = new Set(["missing", "if_not_present"]);
const neverPulled: ReadonlySet<string | undefined> = new Set(["never", "build"]);

/** Pure. */
export function planStackPull(stack: PlacedStack, images: ObservedImages): StackPullStep[] {
  const own = ownImages(stack);
  const chosen = chooseServices(stack, []).files.services.filter(({ enabled, hasBuild }) => enabled && !hasBuild);
  return chosen.flatMap((service): StackPullStep[] => {
    const { name, pullPolicy } = service;
    const image = imageReference(stack.project, service);
    if (own.has(familiarImageName(image)) || neverPulled.has(pullPolicy)) return [];
    if (onlyMissing.has(pullPolicy) && images[image] !== undefined) return [];
    const cause = images[image] === undefined ? "its image is not there" : "the registry may have a newer one";
    return [{ do: "pull", service: name, image, cause, after: [], isAhead: true }];
  });
}
