import type { ComposeService } from "@otto/compose-files";
import { familiarImageName } from "@otto/hashing";
import type { Stack } from "./stack.js";

/** An image on a parent. */
export interface ObservedImage {
  /** `sha256:…`; empty for one that is not built yet. */
  readonly id: string;
  /** Digest of what compose built it from: the label {@link buildLabel}; empty when it is not from here. */
  readonly build: string;
  /** When this name was last given to it, in ms since 1970; undefined where the engine does not know. */
  readonly taggedAt?: number | undefined;
}

/** The label of what compose built. */
export const buildLabel = "otto.build";

interface ImageLine extends Pick<ObservedImage, "id" | "build"> {
  readonly tagged: string;
  readonly tags: readonly string[] | null;
  readonly digests: readonly string[] | null;
}

/** What a service's image is called. */
export function imageReference(project: string, { name, image }: Pick<ComposeService, "name" | "image">): string {
  return image ?? `${project}-${name}`;
}

/** The image names of a stack's services, each once. */
export function imageReferences({ project, files }: Pick<Stack, "project" | "files">): string[] {
  return [...new Set(files.services.map((service) => imageReference(project, service)))];
}

interface NamedServices {
  readonly project: string;
  readonly files: { readonly services: readonly ComposeService[] };
}

/** By service without a build of its own: the one whose build makes the image that it names. */
export function findBuilders({ project, files }: NamedServices): ReadonlyMap<string, string> {
  const nameOf = (service: ComposeService) => familiarImageName(imageReference(project, service));
  const enabled = files.services.filter((service) => service.enabled);
  const made = new Map(enabled.filter(({ hasBuild }) => hasBuild).map((service) => [nameOf(service), service.name]));
  return new Map(
    enabled.flatMap((service) => {
      const builder = service.hasBuild ? undefined : made.get(nameOf(service));
      return builder === undefined ? [] : [[service.name, builder] as const];
    }),
  );
}

/** Finds which image each reference names among lines of `docker image inspect`. */
export function findImages(
  references: readonly string[],
  lines: string,
  parseLine: (line: string) => unknown = JSON.parse,
): Record<string, ObservedImage> {
  const images = new Map<string, ObservedImage>();
  for (const line of lines.split("\n").filter((text) => text.startsWith("{"))) {
    const { id, build, tagged, tags, digests } = parseLine(line) as ImageLine;
    const taggedAt = Date.parse(tagged);
    const image = { id, build, taggedAt: taggedAt > 0 ? taggedAt : undefined };
    for (const name of [...(tags ?? []), ...(digests ?? []), id]) images.set(familiarImageName(name), image);
  }
  const found = references.flatMap((reference) => {
    const image = images.get(familiarImageName(reference));
    return image === undefined ? [] : [[reference, image] as const];
  });
  // Without a prototype: an image may be called `constructor`.
  return Object.assign(Object.create(null), Object.fromEntries(found)) as Record<string, ObservedImage>;
}
