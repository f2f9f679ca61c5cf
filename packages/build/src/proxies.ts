import { Secret } from "@otto/errors";
import type { Environment } from "./build-secrets.js";
import { readDockerConfig } from "./registry/user-credentials.js";

/** The proxies of the steps of a build. */
export interface Proxies {
  /** Build arguments that builders keep out of an image's history. */
  readonly args: Readonly<Record<string, string>>;
  /** Their passwords. */
  readonly secrets: readonly Secret[];
}

/**
 * The proxies of the user's Docker configuration.
 * @throws OttoError `DOCKER_CONFIG_INVALID`
 */
export async function readProxies(env: Environment): Promise<Proxies> {
  const args = (await readDockerConfig(env))?.proxyArgs ?? {};
  const passwords = Object.values(args).flatMap(passwordIn);
  return { args, secrets: [...new Set(passwords)].map((password) => new Secret(password)) };
}

/** As it stands in `http://user:password@host`. */
function passwordIn(url: string): string[] {
  const [, password] = /^(?:\w+:\/\/)?[^/@:]*:(.+)@/.exec(url) ?? [];
  return password === undefined ? [] : [password];
}
