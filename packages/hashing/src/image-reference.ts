/** The parts of an image's name, as the registry knows them. */
export interface ImageReference {
  /** Host and port: `docker.io`, `registry.example:5000`. */
  readonly registry: string;
  /** The repository as the engine lists it: without the default registry and its `library/`. */
  readonly familiarName: string;
  readonly tag: string | undefined;
  /** As `sha256:…`. */
  readonly digest: string | undefined;
}

const hub = "docker.io";
const official = "library/";
// The one registry whose logins are kept under another name than its host.
const hubServer = "https://index.docker.io/v1/";
const hubHosts: ReadonlySet<string> = new Set([hub, "index.docker.io", "registry-1.docker.io"]);

/**
 * Takes a reference apart; whether its parts are valid is for the engine to say. The id of an image is no reference.
 *
 * @see https://github.com/distribution/reference
 */
export function parseImageReference(reference: string): ImageReference {
  const [named, digest] = cutAt(reference, reference.indexOf("@"));
  // A colon before a slash is that of a port.
  const colon = named.lastIndexOf(":");
  const [name, tag] = cutAt(named, colon > named.lastIndexOf("/") ? colon : -1);
  const { registry, path } = splitRegistry(name);
  if (registry !== hub) return { registry, familiarName: name, tag, digest };
  const isOfficial = path.startsWith(official) && path.split("/").length === 2;
  const familiarName = isOfficial ? path.slice(official.length) : path;
  return { registry, familiarName, tag, digest };
}

/**
 * An image's name as the engine lists it: without the default registry, with its digest or else a tag. Two references
 * to one image of an engine come out alike; an id stays as it is.
 */
export function familiarImageName(reference: string): string {
  if (reference.startsWith("sha256:")) return reference;
  const { familiarName, tag = "latest", digest } = parseImageReference(reference);
  return digest === undefined ? `${familiarName}:${tag}` : `${familiarName}@${digest}`;
}

/** Whether the part of a name before its first slash is a host, and not part of a repository of the default registry. */
export function isRegistryHost(part: string): boolean {
  return /[.:A-Z]/.test(part) || part === "localhost";
}

/** Whether a prefix of image names is more than the default registry. */
export function isOwnRegistry(registryUrl: string | undefined): registryUrl is string {
  return registryUrl !== undefined && registryUrl !== "" && registryUrl !== hub;
}

/** The name under which docker and the engine keep the login of a registry. */
export function credentialServer(host: string): string {
  return hubHosts.has(host) ? hubServer : host;
}

function splitRegistry(name: string): { registry: string; path: string } {
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(slash, 0));
  if (!isRegistryHost(first)) return { registry: hub, path: name };
  return { registry: first === "index.docker.io" ? hub : first, path: name.slice(slash + 1) };
}

function cutAt(text: string, index: number): [string, string | undefined] {
  return index < 0 ? [text, undefined] : [text.slice(0, index), text.slice(index + 1)];
}
