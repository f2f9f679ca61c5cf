import type { ContainerSummary, Engine } from "@otto/engine";
import type { RemoteProcess } from "ssh2-streamer";
import { dialFrom, type ForwardOrigin } from "./parent-route.js";
import { forwardFailed } from "./port-forward.js";
import { openToolTunnel } from "./port-tool.js";
import type { Tunnel } from "./tunnel.js";

/** What leads to a container's ports. */
export interface ContainerRoute {
  /** For messages. */
  readonly name: string;
  readonly engine: Engine;
  readonly parent: ForwardOrigin | undefined;
  readonly container: ContainerSummary;
  /** Starts a program in the container. */
  readonly spawnInside: (argv: readonly string[]) => Promise<RemoteProcess>;
}

/**
 * Opens a tunnel to a container's port: from the parent to the container's address, by SSH forwarding or a program there;
 * else by a program in the container, which also reaches what listens on its loopback alone.
 * @throws OttoError `HOST_FORWARD_FAILED` telling each attempt
 */
export async function dialContainer(route: ContainerRoute, port: number, signal: AbortSignal): Promise<Tunnel> {
  const attempts: unknown[] = [];
  const host = route.parent === undefined ? undefined : await addressOf(route.engine, route.container, signal);
  if (route.parent !== undefined && host !== undefined) {
    try {
      return await dialFrom(route.parent, { host, port }, signal);
    } catch (error) {
      attempts.push(error);
    }
  }
  signal.throwIfAborted();
  try {
    return await openToolTunnel(route.spawnInside, { host: "127.0.0.1", port, where: "in the container" });
  } catch (error) {
    throw forwardFailed(route.name, [...attempts, error]);
  }
}

/** Where a container is for its parent; undefined: it has no network. */
async function addressOf(
  engine: Engine,
  container: ContainerSummary,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (container.Labels["com.docker.swarm.task.id"] !== undefined) return engine.swarm.taskAddress(container.Id, signal);
  // Podman's list of containers has no HostConfig.
  const details = container.HostConfig === undefined ? await engine.inspectContainer(container.Id, signal) : container;
  if (details === undefined) return undefined;
  const { HostConfig, NetworkSettings } = details;
  const mode = HostConfig?.NetworkMode ?? "";
  if (mode === "host") return "127.0.0.1";
  if (mode.startsWith("container:")) {
    const owner = await engine.inspectContainer(mode.slice("container:".length), signal);
    if (owner === undefined) return undefined;
    if (owner.HostConfig.NetworkMode === "host") return "127.0.0.1";
    return firstAddress(owner.NetworkSettings.Networks);
  }
  return firstAddress(NetworkSettings.Networks);
}

function firstAddress(networks: Readonly<Record<string, { readonly IPAddress: string }>>): string | undefined {
  return Object.values(networks).find(({ IPAddress }) => IPAddress !== "")?.IPAddress;
}
