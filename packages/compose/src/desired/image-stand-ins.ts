import { familiarImageName } from "@otto/hashing";
import { imageReference, imageReferences } from "../declared/image-reference.js";
import type { Stack } from "../declared/stack.js";
import type { ObservedImage, ObservedImages } from "../observed/observed-images.js";
import type { ServiceDigest } from "./service-digest.js";

interface StandIn {
  readonly images: ObservedImages;
  readonly builders: ReadonlyMap<string, string>;
  readonly digests: ReadonlyMap<string, ServiceDigest>;
}

/**
 * What containers are started from where nothing is built: images as they are, whatever their contexts hold by now. What is
 * not known to be from the context of now is built by the next `up` that may.
 */
export function withoutBuilding(
  { project, files }: Pick<Stack, "project" | "files">,
  { images, builders, digests }: StandIn,
): Map<string, ServiceDigest> {
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

/** Images that will be built or tagged: name to id, undefined if the id is not known yet. */
export type BuiltImages = ReadonlyMap<string, string | undefined>;

/** The images that there will be when these have been built. */
export function withBuilt(stack: Stack, observed: ObservedImages, built: BuiltImages): ObservedImages {
  const familiar = new Map([...built].map(([name, id]) => [familiarImageName(name), id]));
  const images: Record<string, ObservedImage | undefined> = Object.create(null);
  for (const reference of imageReferences(stack)) {
    const name = familiarImageName(reference);
    const build = observed[reference]?.build ?? "";
    images[reference] = familiar.has(name) ? { id: familiar.get(name) ?? "", build } : observed[reference];
  }
  return images;
}
