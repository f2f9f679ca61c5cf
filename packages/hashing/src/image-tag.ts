import { OttoError } from "@otto/errors";
import { isOwnRegistry, isRegistryHost } from "./image-reference.js";

const component = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const domain =
  /^(?:\[[0-9a-fA-F:]+\]|[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*)(?::\d+)?$/;
const longestName = 255;
const tagDigits = 16;

/**
 * `<registryUrl>/<project>-<image.name>:<first 16 digits of the hash>`, without the prefix when `registryUrl` is empty
 * or `docker.io`.
 *
 * @throws IMAGE_NAME_INVALID when Docker would refuse the name
 * @throws TypeError when `hashHex` is not a context hash
 */
export function imageFullTag(
  registryUrl: string | undefined,
  project: string,
  image: { readonly name: string },
  hashHex: string,
): string {
  if (!/^[0-9a-f]{16,}$/.test(hashHex)) throw new TypeError(`Not a context hash: ${JSON.stringify(hashHex)}`);
  return `${imageRepository(registryUrl, project, image)}:${hashHex.slice(0, tagDigits)}`;
}

/**
 * The same name with the tag `latest`.
 *
 * @throws IMAGE_NAME_INVALID when Docker would refuse the name
 */
export function imageLatestTag(
  registryUrl: string | undefined,
  project: string,
  image: { readonly name: string },
): string {
  return `${imageRepository(registryUrl, project, image)}:latest`;
}

/**
 * The image's name without a tag.
 *
 * @throws IMAGE_NAME_INVALID when Docker would refuse the name
 * @see https://github.com/distribution/reference
 */
export function imageRepository(
  registryUrl: string | undefined,
  project: string,
  image: { readonly name: string },
): string {
  const prefix = isOwnRegistry(registryUrl) ? `${registryUrl}/` : "";
  const name = `${prefix}${project}-${image.name}`;
  const reason = refusal(prefix, project, image.name) ?? (name.length > longestName ? tooLong(name) : undefined);
  if (reason === undefined) return name;
  throw new OttoError("IMAGE_NAME_INVALID", `the image name ${JSON.stringify(name)}: ${reason}`, {
    hint: "Use lower case letters and digits, with single '.' or '_', '__' or dashes between them.",
    details: { name, project, image: image.name },
  });
}

function refusal(prefix: string, project: string, image: string): string | undefined {
  if (prefix.includes("://")) return "the registry is a host name, not a URL: leave out the scheme";
  if (project === "") return "the project name is empty";
  if (image === "") return "the image's own name is empty";
  const [host, ...path] = prefix.split("/");
  const hasHost = host !== undefined && isRegistryHost(host);
  if (hasHost && !domain.test(host)) return `${JSON.stringify(host)} is not a registry host`;
  const components = [...(hasHost ? path : prefix.split("/")).slice(0, -1), ...`${project}-${image}`.split("/")];
  return components.map(componentRefusal).find((reason) => reason !== undefined);
}

function componentRefusal(text: string): string | undefined {
  if (component.test(text)) return undefined;
  const part = JSON.stringify(text);
  if (text === "") return "it has an empty part between slashes";
  if (/[A-Z]/.test(text)) return `${part} must be lower case`;
  const strange = /[^a-z0-9._-]/u.exec(text);
  if (strange !== null) return `${part} must not hold ${JSON.stringify(strange[0])}`;
  if (/^[._-]|[._-]$/.test(text)) return `${part} must begin and end with a letter or digit`;
  return `${part} has separators in a row that Docker does not allow`;
}

function tooLong(name: string): string {
  return `it has ${name.length} characters, Docker allows ${longestName}`;
}
