import { findUserCredentials } from "@otto/build";
import type { FindLogin } from "@otto/compose";
import type { Lab } from "@otto/host-registry";

/** The logins that this machine's Docker configuration has. */
export function loginsOf(
  { sshEnvironment: { env } }: Lab,
  { signal }: { readonly signal?: AbortSignal | undefined },
): FindLogin {
  return (host) => findUserCredentials({ host, env, signal });
}
