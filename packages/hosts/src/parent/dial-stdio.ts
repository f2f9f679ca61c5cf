import type { FallbackCommand } from "ssh2-streamer";

/** What tells a docker client which engine it asks, and how; what is empty counts as not given. */
export const engineVariables = [
  "DOCKER_HOST",
  "DOCKER_CONTEXT",
  "DOCKER_TLS",
  "DOCKER_TLS_VERIFY",
  "DOCKER_CERT_PATH",
  "DOCKER_API_VERSION",
] as const;

/** The command that reaches a parent's engine where its sshd does not forward the socket. */
export function dialStdio(client: readonly string[], socketPath: string): FallbackCommand {
  return {
    argv: [...client, "-H", `unix://${socketPath}`, "system", "dial-stdio"],
    env: Object.fromEntries(engineVariables.map((name) => [name, ""])),
    target: "the engine",
    hint: "Check that docker runs there and that the login may use its socket, or allow forwarding in its sshd_config.",
  };
}
