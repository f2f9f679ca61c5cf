import type { ComposeService } from "@otto/compose-files";
import { OttoError } from "@otto/errors";
import { imageLatestTag } from "@otto/hashing";
import { imageReference } from "../declared/image-reference.js";
import type { PlacedStack, Stack } from "../declared/stack.js";
import type { ObservedImages } from "../observed/observed-images.js";
import { isComposeStep, type UpPlan } from "../plan/operations.js";

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
