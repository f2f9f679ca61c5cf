import type { Duplex } from "node:stream";
import { isOttoError } from "@otto/errors";
import type { SshEventListener } from "../route/event.js";
import { CommandDialer } from "./command-dialer.js";
import type { DialEngineOptions } from "./dial-engine-options.js";
import { engineVariables } from "./engine-variables.js";
import type { Machine } from "./hop.js";

const noVariables = Object.fromEntries(engineVariables.map((name) => [name, ""]));

/**
 * Makes the way to a machine's engine: its socket forwarded, or by `docker system dial-stdio` once the server has
 * refused that.
 */
export function createEngineDialer(
  machine: Machine,
  onEvent: SshEventListener,
): (options?: DialEngineOptions) => Promise<Duplex> {
  const replaced = new Map<string, CommandDialer>();
  return async ({ socketPath = "/var/run/docker.sock", dockerCommand = ["docker"], signal } = {}) => {
    const argv = [...dockerCommand, "-H", `unix://${socketPath}`, "system", "dial-stdio"];
    const key = argv.join("\0");
    const known = replaced.get(key);
    if (known !== undefined) return known.dial(signal);
    try {
      return await machine.openSocket(socketPath, signal);
    } catch (error) {
      if (!isOttoError(error, "SSH_FORWARDING_REFUSED")) throw error;
      const dialer = replaced.get(key) ?? new CommandDialer(machine, argv, noVariables);
      if (!replaced.has(key)) {
        const by = argv.join(" ");
        onEvent({ type: "ssh.forwarding-replaced", hop: machine.endpoint.name, by, cause: error.message });
      }
      replaced.set(key, dialer);
      return dialer.dial(signal);
    }
  };
}
