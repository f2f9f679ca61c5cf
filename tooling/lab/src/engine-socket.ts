/** The socket of this machine's engine: the one that `docker` asks here. */
export function engineSocketPath(): string {
  return process.env.DOCKER_HOST?.replace("unix://", "") ?? "/var/run/docker.sock";
}

/** What of this process's environment names the world's engine and builder: what a program gets that is given no other. */
export function engineEnvironment(): Record<string, string> {
  const names = ["DOCKER_HOST", "DOCKER_BUILDKIT"];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}
