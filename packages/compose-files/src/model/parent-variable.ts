/** Set by sudo itself, whatever it is given. */
const sudoNames = ["USER", "LOGNAME", "MAIL", "SHELL", "TERM"];
const names = new Set([
  ...sudoNames,
  "PATH",
  "HOME",
  "TMPDIR",
  "SSH_AUTH_SOCK",
  "LD_PRELOAD",
  "LD_LIBRARY_PATH",
  "DOCKER_API_VERSION",
  "DOCKER_BUILDKIT",
  "DOCKER_CERT_PATH",
  "DOCKER_CONFIG",
  "DOCKER_CONTENT_TRUST",
  "DOCKER_CONTENT_TRUST_SERVER",
  "DOCKER_CONTEXT",
  "DOCKER_CUSTOM_HEADERS",
  "DOCKER_DEFAULT_PLATFORM",
  "DOCKER_HOST",
  "DOCKER_TLS",
  "DOCKER_TLS_VERIFY",
]);
const prefixes = ["SUDO_", "COMPOSE_", "BUILDX_", "BUILDKIT_"];

/**
 * Whether the `docker compose` process of a parent takes this variable for itself, so that the workstation's value cannot
 * be handed to it as a variable. Others that begin with `DOCKER_` are the project's own, and may be secrets.
 *
 * @see https://docs.docker.com/reference/cli/docker/#environment-variables
 */
export function isParentVariable(name: string): boolean {
  if (name === "COMPOSE_PROJECT_NAME") return false;
  return names.has(name) || prefixes.some((prefix) => name.startsWith(prefix));
}
