import type { Duplex } from "node:stream";
import { cleanText, isOttoError, OttoError } from "@otto/errors";
import { formatCommandLine } from "./command-line.js";
import type { SshEventListener } from "./event.js";
import type { Machine } from "./machine.js";
import { ProcessSocket } from "./process-socket.js";

export interface DialEngineOptions {
  /** Default `/var/run/docker.sock`. */
  readonly socketPath?: string | undefined;
  /** Used with `system dial-stdio` when the socket cannot be forwarded. Default `["docker"]`. */
  readonly dockerCommand?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes the way to a machine's engine: its socket forwarded, or by `docker system dial-stdio` once the server has
 * refused that. Streams of the second kind hold a session each; parked ones are given up when others wait.
 */
export function createEngineDialer(
  machine: Machine,
  onEvent: SshEventListener,
): (options?: DialEngineOptions) => Promise<Duplex> {
  const replaced = new Set<string>();
  return async ({ socketPath = "/var/run/docker.sock", dockerCommand = ["docker"], signal } = {}) => {
    if (replaced.has(socketPath)) return dialByCommand(machine, { socketPath, dockerCommand, signal });
    try {
      return await machine.openSocket(socketPath, signal);
    } catch (error) {
      if (!isOttoError(error, "SSH_FORWARDING_REFUSED")) throw error;
      const socket = await dialByCommand(machine, { socketPath, dockerCommand, signal });
      replaced.add(socketPath);
      const by = `${dockerCommand.join(" ")} system dial-stdio`;
      onEvent({ type: "ssh.forwarding-replaced", hop: machine.endpoint.name, by, cause: error.message });
      return socket;
    }
  };
}

interface CommandDial {
  readonly socketPath: string;
  readonly dockerCommand: readonly string[];
  readonly signal: AbortSignal | undefined;
}

async function dialByCommand(machine: Machine, { socketPath, dockerCommand, signal }: CommandDial): Promise<Duplex> {
  const { name } = machine.endpoint;
  const argv = [...dockerCommand, "-H", `unix://${socketPath}`, "system", "dial-stdio"];
  let socket: ProcessSocket | undefined;
  const reclaim = () => {
    if (socket?.isParked !== true || socket.destroyed) return false;
    socket.destroy();
    return true;
  };
  const process = await machine.start({
    line: formatCommandLine(argv, { tellsPid: true }),
    tellsPid: true,
    label: "a stream to the engine",
    lifetime: "long",
    signal,
    reclaim,
  });
  const explain = (stderr: string) =>
    new OttoError(
      "SSH_FORWARDING_REFUSED",
      `reaching the engine of ${name} by ${argv.join(" ")}: ${cleanText(stderr)}`,
      {
        hint: `Check that docker runs there and that the login may use ${socketPath}, or allow forwarding in its sshd_config.`,
        details: { hop: name, socketPath },
      },
    );
  socket = new ProcessSocket(process, explain);
  socket.on("error", () => {});
  socket.onParked = () => machine.offerParked();
  return socket;
}
