import type { DockerImage, Repo } from "@otto/config";
import { nearestWord, OttoError } from "@otto/errors";

/**
 * The declared images of these names; all without names.
 * @throws OttoError `BUILD_IMAGE_UNKNOWN` listing the declared ones
 */
export function selectImages(repo: Repo, names: readonly string[] | undefined): readonly DockerImage[] {
  const { images } = repo.docker;
  if (names === undefined || names.length === 0) return images;
  const known = images.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return images.filter(({ name }) => names.includes(name));
  const near = nearestWord(unknown, known);
  throw new OttoError("BUILD_IMAGE_UNKNOWN", `building ${unknown}: ${repo.name} declares no such image`, {
    hint: `${near === undefined ? "" : `Did you mean "${near}"? `}Declared images: ${known.join(", ") || "none"}.`,
    details: { image: unknown, known },
  });
}
