import type { DockerImage } from "@otto/config";
import { parseImageReference } from "@otto/hashing";
import { findBaseImages } from "../base-images.js";
import { imageIn } from "../wanted-images.js";

/**
 * The registries that the build of an image names: by an image in the Dockerfile, its frontend, a named context or a
 * cache. An engine may have the logins of these, and of no other.
 */
export function findRegistries(image: DockerImage, dockerfile: string): ReadonlySet<string> {
  const references = [
    ...findBaseImages(dockerfile, image),
    ...Object.values(image.additionalContexts).flatMap(imageIn),
    ...image.cacheFrom.map((cache) => /(?:^|,)ref=([^,]+)/.exec(cache)?.[1] ?? cache),
  ];
  return new Set(references.map((reference) => parseImageReference(reference).registry));
}
