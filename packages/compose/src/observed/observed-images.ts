import { familiarImageName } from "@otto/hashing";

/** An image on a parent. */
export interface ObservedImage {
  /** `sha256:…`; empty for one that is not built yet. */
  readonly id: string;
  /** Digest of what compose built it from: the label {@link buildLabel}; empty when it is not from here. */
  readonly build: string;
  /** When this name was last given to it, in ms since 1970; undefined where the engine does not know. */
  readonly taggedAt?: number | undefined;
}

/** The image that a reference names on the parent; absent where there is none. */
export type ObservedImages = Readonly<Record<string, ObservedImage | undefined>>;

/** The label of what compose built. */
export const buildLabel = "otto.build";

interface ImageLine extends Pick<ObservedImage, "id" | "build"> {
  readonly tagged: string;
  readonly tags: readonly string[] | null;
  readonly digests: readonly string[] | null;
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
