import type { RegistryCredentials } from "@otto/engine";
import { OttoError, Secret } from "@otto/errors";
import { credentialServer } from "@otto/hashing";

/** What the user's `config.json` of Docker says of registries and proxies. */
export interface DockerConfig {
  readonly auths: Readonly<Record<string, DockerAuth>>;
  readonly credsStore: string | undefined;
  readonly credHelpers: Readonly<Record<string, string>>;
  /** Build arguments, of the proxies of all engines. */
  readonly proxyArgs: Readonly<Record<string, string>>;
}

interface DockerAuth {
  /** base64 of `user:password` */
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
}

/** Where a registry's credentials are: with a program, in the file itself, or nowhere. */
export type CredentialPlace =
  | { readonly in: "helper"; readonly helper: string; readonly server: string }
  | { readonly in: "file"; readonly credentials: RegistryCredentials }
  | { readonly in: "nowhere" };

/**
 * Reads `config.json`. What it says of other things is left alone.
 * @throws OttoError `DOCKER_CONFIG_INVALID`, which never holds text of the file
 */
export function parseDockerConfig(text: string, file: string): DockerConfig {
  const config = parseObject(text, file);
  return {
    auths: objectIn(config, "auths") as Record<string, DockerAuth>,
    credsStore: typeof config.credsStore === "string" && config.credsStore !== "" ? config.credsStore : undefined,
    credHelpers: objectIn(config, "credHelpers") as Record<string, string>,
    proxyArgs: readProxyArgs(objectIn(objectIn(config, "proxies"), "default")),
  };
}

/** @see https://docs.docker.com/engine/cli/proxy/ */
const proxyKeys = ["httpProxy", "httpsProxy", "noProxy", "ftpProxy", "allProxy"];

/** `httpProxy` as `HTTP_PROXY` and `http_proxy`, and so on: docker build gives both. */
function readProxyArgs(proxies: JsonObject): Record<string, string> {
  const args: Record<string, string> = {};
  for (const key of proxyKeys) {
    const value = proxies[key];
    if (typeof value !== "string" || value === "") continue;
    const name = key.replace("Proxy", "_proxy");
    args[name.toUpperCase()] = value;
    args[name] = value;
  }
  return args;
}

/** Where Docker's own client would look: a helper of this registry, the helper of all, the file. */
export function findCredentialPlace(config: DockerConfig, host: string): CredentialPlace {
  const server = credentialServer(host);
  const helper = config.credHelpers[server] ?? config.credHelpers[host] ?? config.credsStore;
  if (helper !== undefined) return { in: "helper", helper, server };
  const credentials = readAuth(findAuth(config.auths, server));
  return credentials === undefined ? { in: "nowhere" } : { in: "file", credentials };
}

function findAuth(auths: DockerConfig["auths"], server: string): DockerAuth {
  const sameHost = Object.keys(auths).find((key) => hostOfServer(key) === hostOfServer(server));
  return auths[server] ?? auths[sameHost ?? ""] ?? {};
}

function readAuth({ auth = "", username, password, identitytoken }: DockerAuth): RegistryCredentials | undefined {
  if (identitytoken) return { identityToken: new Secret(identitytoken) };
  if (username && password) return { username, password: new Secret(password) };
  const decoded = Buffer.from(auth, "base64").toString();
  const at = decoded.indexOf(":");
  return at < 1 ? undefined : { username: decoded.slice(0, at), password: new Secret(decoded.slice(at + 1)) };
}

type JsonObject = Readonly<Record<string, unknown>>;

function parseObject(text: string, file: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Without the cause: Node's message quotes the text.
    throw invalid(file);
  }
  if (!isObject(value)) throw invalid(file);
  return value;
}

function objectIn(config: JsonObject, key: string): JsonObject {
  const value = config[key];
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(file: string): OttoError {
  return new OttoError("DOCKER_CONFIG_INVALID", `reading ${file}: it is not a JSON object`, {
    hint: "Correct it, or remove it and log in again: docker login",
    details: { file },
  });
}

/** The host of a server as it stands in a configuration: `https://a.example/v1/` is `a.example`. */
function hostOfServer(server: string): string {
  return server.replace(/^https?:\/\//, "").split("/")[0] ?? "";
}
