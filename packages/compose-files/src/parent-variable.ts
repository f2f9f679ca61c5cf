const names = new Set(["PATH", "HOME", "SSH_AUTH_SOCK"]);
const prefixes = ["DOCKER_", "COMPOSE_", "BUILDX_", "BUILDKIT_", "LD_"];

/**
 * Whether the `docker compose` process of a parent needs a value of its own for this variable, so that the
 * workstation's value cannot be handed to it as a variable.
 */
export function isParentVariable(name: string): boolean {
  if (name === "COMPOSE_PROJECT_NAME") return false;
  return names.has(name) || prefixes.some((prefix) => name.startsWith(prefix));
}
