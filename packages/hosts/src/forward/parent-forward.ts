import type { Parent } from "../parent/parent.js";
import { dialFrom } from "./container-route.js";
import { type ForwardOptions, forwardFailed, openForward, type PortForward } from "./port-forward.js";

/** A port of this machine that leads to one of a parent's loopback. */
export function forwardFromParent(
  parent: Pick<Parent, "id" | "dialTcp" | "spawn">,
  ports: { readonly localPort: number; readonly remotePort: number },
  options: ForwardOptions,
): Promise<PortForward> {
  const { remotePort: port } = ports;
  const name = `${parent.id}:${port}`;
  const dial = async (signal: AbortSignal) => {
    try {
      return await dialFrom(parent, { host: "127.0.0.1", port }, signal);
    } catch (error) {
      throw forwardFailed(name, [error]);
    }
  };
  return openForward(ports, { name, dial }, options);
}
