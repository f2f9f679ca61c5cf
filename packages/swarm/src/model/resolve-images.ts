import type { FindLogin } from "@otto/compose";
import { cleanText, isOttoError, startDeadline } from "@otto/errors";

import { familiarImageName, parseImageReference } from "@otto/hashing";
import type { ObservedSwarm } from "../observed-swarm.js";
import type { SwarmStack } from "../swarm-stack.js";
import { imageLabel } from "./stack-file.js";
import type { StackModel } from "./stack-model.js";

/** A registry that does not answer leaves an image as the files name it. */
const registryMs = 10_000;

export interface ResolvedImages {
  readonly images: ReadonlyMap<string, string>;
  /** One sentence for each image that could not be resolved. */
  readonly warnings: readonly string[];
}

/**
 * Finds what each image of the files is: as the stack says, else the digest that its service has already, else the one that the
 * registry has. An image of which the registry says nothing stays as it is, as with `docker stack deploy`.
 */
export async function resolveImages(
  stack: SwarmStack,
  { services }: StackModel,
  {
    observed,
    findLogin,
    signal,
  }: {
    readonly observed: ObservedSwarm;
    readonly findLogin?: FindLogin | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<ResolvedImages> {
  const declared = [...new Set([...services.values()].map(({ entry }) => String(entry.image)))];
  const own = ownImages(stack, declared);
  const asked = declared.filter((image) => !own.has(image) && !image.includes("@"));
  const warnings: string[] = [];
  const resolved = await Promise.all(
    asked.map(async (image): Promise<readonly [string, string] | undefined> => {
      const known = stack.choice?.pull === "always" ? undefined : findKnown(image, observed);
      if (known !== undefined) return [image, known];
      try {
        using deadline = startDeadline(registryMs, signal);
        const credentials = await findLogin?.(parseImageReference(image).registry);
        const digest = await stack.parent.engine.findDigest({ reference: image, credentials }, deadline.signal);
        return [image, digest];
      } catch (error) {
        signal?.throwIfAborted();
        const reason = isOttoError(error) ? error.message : "its registry does not answer";
        warnings.push(`${cleanText(image)} is not resolved, and each node pulls what it finds by that name: ${reason}`);
        return undefined;
      }
    }),
  );
  return { images: new Map([...own, ...resolved.filter((pair) => pair !== undefined)]), warnings };
}

/** By their names in the files. */
function ownImages({ images }: SwarmStack, declared: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    declared.flatMap((image) => {
      const own = images?.get(familiarImageName(image));
      return own === undefined ? [] : [[image, own] as const];
    }),
  );
}

/** As `--resolve-image changed` of the docker client: an `up` of the same files rolls nothing out. */
function findKnown(image: string, { services }: ObservedSwarm): string | undefined {
  return services.find(({ labels }) => labels[imageLabel] === image)?.image;
}
