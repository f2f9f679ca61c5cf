interface ImageLine {
  readonly id: string;
  readonly tags: readonly string[] | null;
  readonly digests: readonly string[] | null;
}

/** Finds which image each reference names among lines of `docker image inspect`. */
export function imageIdsOf(references: readonly string[], lines: string): Record<string, string> {
  const ids = new Map<string, string>();
  for (const line of lines.split("\n").filter((text) => text.startsWith("{"))) {
    const { id, tags, digests } = JSON.parse(line) as ImageLine;
    for (const name of [...(tags ?? []), ...(digests ?? []), id]) ids.set(familiarName(name), id);
  }
  return Object.fromEntries(
    references.flatMap((reference) => {
      const id = ids.get(familiarName(reference));
      return id === undefined ? [] : [[reference, id] as const];
    }),
  );
}

/** As the engine lists it: without the default registry, with a tag. */
function familiarName(reference: string): string {
  const name = reference.replace(/^(index\.)?docker\.io\//, "").replace(/^library\//, "");
  const isComplete = name.includes("@") || name.startsWith("sha256:") || /:[^/]+$/.test(name);
  return isComplete ? name : `${name}:latest`;
}
