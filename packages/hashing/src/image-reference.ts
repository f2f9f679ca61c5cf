/**
 * An image's name as the engine lists it: without the default registry, with a tag. Two references to one image of an
 * engine come out alike; a digest or an id stays as it is.
 *
 * @see https://github.com/distribution/reference
 */
export function familiarImageName(reference: string): string {
  const name = reference.replace(/^(index\.)?docker\.io\//, "").replace(/^library\//, "");
  const isComplete = name.includes("@") || name.startsWith("sha256:") || /:[^/]+$/.test(name);
  return isComplete ? name : `${name}:latest`;
}
