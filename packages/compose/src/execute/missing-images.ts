import type { ComposeService } from "@otto/compose-files";
import { registryConnectionHint } from "@otto/engine";
import { cleanText, OttoError } from "@otto/errors";
import { imageLatestTag } from "@otto/hashing";
import { upFailed } from "../declared/errors.js";
import { imageReference, imageReferences } from "../declared/image-reference.js";
import type { PlacedStack, Stack } from "../declared/stack.js";
import type { ObservedImages } from "../observed/observed-images.js";
import { type ObservedStack, observeStack } from "../observed/observed-stack.js";
import { isComposeStep, type UpPlan } from "../plan/operations.js";
import type { Execution } from "./executor.js";

/**
 * Refuses to begin without the images of services that have a `build` section where nothing is built. One with a name of
 * its own may be had from a registry: then compose tries that first.
 */
export function requireImages(stack: PlacedStack, { images }: ObservedStack, plan: UpPlan): void {
  const missing = findMissing(stack, images, plan).find(({ image }) => image === undefined);
  if (missing !== undefined) throw imageMissing(stack, missing);
}

interface FailedPlan {
  /** The stack before. */
  readonly observed: ObservedStack;
  readonly build: boolean;
  readonly output: string;
}

/** Of what compose itself refused or broke off. */
export async function explainFailure(
  { stack, watched, directory }: Execution,
  plan: UpPlan,
  { observed, build, output }: FailedPlan,
): Promise<OttoError> {
  const [missing] = build ? [] : findMissing(stack, observed.images, plan);
  if (missing !== undefined) return imageMissing(stack, missing, cleanText(output));
  // Compose may have pulled meanwhile what was not there.
  const { images } = await observeStack(watched.session, imageReferences(stack)).catch(() => observed);
  const advice = adviseImage(stack, images);
  const connection = registryConnectionHint(output);
  // A name without a registry is likelier a slip than meant for Docker Hub.
  const hint = output.includes("registry-1.docker.io") ? (advice ?? connection) : (connection ?? advice);
  return upFailed(stack, output, { directory, hint });
}

/** The services that are to be started, and whose image would have to be built. */
export function findMissing({ project, files }: Stack, images: ObservedImages, plan: UpPlan): ComposeService[] {
  const started = new Set(plan.filter(isComposeStep).map(({ service }) => service));
  return files.services.filter(
    (service) =>
      started.has(service.name) && service.hasBuild && images[imageReference(project, service)] === undefined,
  );
}

/** What to look at where an image was not on the parent, for one of the settings may have been meant. */
export function adviseImage({ repo, project, parent, files }: PlacedStack, images: ObservedImages): string | undefined {
  const { registryUrl, images: declared } = repo.docker;
  const tags = declared.map((image) => imageLatestTag(registryUrl, repo.name, image));
  const absent = files.services.find(
    (service) => !service.hasBuild && images[imageReference(project, service)] === undefined,
  );
  if (absent === undefined || tags.length === 0) return undefined;
  const wanted = imageReference(project, absent);
  return `The image ${wanted} of the service ${absent.name} was not on ${parent.id}; those of the settings are ${tags.join(", ")}.`;
}

/** @param output what compose said when it tried to pull the image */
export function imageMissing({ parent, project }: PlacedStack, service: ComposeService, output?: string): OttoError {
  const image = imageReference(project, service);
  return new OttoError(
    "COMPOSE_IMAGE_MISSING",
    `bringing ${project} up on ${parent.id} without building: the image ${image} of the service ${service.name} is not there`,
    {
      hint: "Build and bring it up: otto docker up",
      details: { host: parent.id, service: service.name, image, ...(output === undefined ? {} : { output }) },
    },
  );
}
