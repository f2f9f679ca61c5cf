import type { ComposeService } from "@otto/compose-files";
import { OttoError } from "@otto/errors";
import { imageLatestTag } from "@otto/hashing";
import { findBuilders, imageReference } from "../declared/image-reference.js";
import type { PlacedStack, Stack } from "../declared/stack.js";
import type { ServiceDigest } from "../desired/service-digest.js";
import type { StackObservation } from "../observed/observed-stack.js";
import type { UpPlan } from "../plan/reconcile.js";

type Images = StackObservation["images"];

/**
 * What containers are started from where nothing is built: images as they are, whatever their contexts hold by now. What is
 * not known to be from the context of now is built by the next `up` that may.
 */
export function withoutBuilding(
  stack: Pick<Stack, "project" | "files">,
  images: Images,
  digests: ReadonlyMap<string, ServiceDigest>,
): Map<string, ServiceDigest> {
  const { project, files } = stack;
  const builders = findBuilders(stack);
  const built = new Map(
    files.services.filter(({ name, hasBuild }) => hasBuild || builders.has(name)).map((one) => [one.name, one]),
  );
  return new Map(
    [...digests].map(([name, digest]) => {
      const service = built.get(name);
      const build = service && (images[imageReference(project, service)]?.build ?? "");
      return [name, build === undefined ? digest : { ...digest, build }] as const;
    }),
  );
}

/** The services that are to be started, and whose image would have to be built. */
export function findUnbuilt({ project, files }: Stack, images: Images, plan: UpPlan): ComposeService[] {
  const started = new Set(plan.stages.flatMap(({ services }) => services));
  return files.services.filter(
    (service) =>
      started.has(service.name) && service.hasBuild && images[imageReference(project, service)] === undefined,
  );
}

/** What to look at where an image was not on the parent, for one of the settings may have been meant. */
export function adviseImage({ repo, project, parent, files }: PlacedStack, images: Images): string | undefined {
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
