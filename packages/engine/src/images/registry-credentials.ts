import type { Secret } from "@otto/errors";
import { credentialServer } from "@otto/hashing";

/** How a user is known to one registry: by a password, or by a token that a login left. */
export type RegistryCredentials =
  | { readonly username: string; readonly password: Secret }
  | { readonly identityToken: Secret };

/**
 * The header by which the engine gets credentials for one request to one registry. It is always there: engines before
 * 23.0 refuse a push without it.
 * @see https://docs.docker.com/reference/api/engine/#section/Authentication
 */
export function registryAuthHeader(credentials: RegistryCredentials | undefined): Record<string, string> {
  return { "X-Registry-Auth": encodeHeader(credentials === undefined ? {} : engineForm(credentials)) };
}

/** The header by which the engine's own builder gets credentials of the registries that it takes base images from. */
export function registryConfigHeader(byHost: Readonly<Record<string, RegistryCredentials>>): Record<string, string> {
  const forms = Object.entries(byHost).map(([host, credentials]) => [credentialServer(host), engineForm(credentials)]);
  return forms.length === 0 ? {} : { "X-Registry-Config": encodeHeader(Object.fromEntries(forms)) };
}

// Padded, which Node's base64url is not: the engine's decoder wants it.
function encodeHeader(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64").replaceAll("+", "-").replaceAll("/", "_");
}

function engineForm(credentials: RegistryCredentials): object {
  return "identityToken" in credentials
    ? { identitytoken: credentials.identityToken.reveal() }
    : { username: credentials.username, password: credentials.password.reveal() };
}

/** What must not appear in anything that is told. */
export function secretsOf(credentials: RegistryCredentials | undefined): readonly Secret[] {
  if (credentials === undefined) return [];
  return ["identityToken" in credentials ? credentials.identityToken : credentials.password];
}
