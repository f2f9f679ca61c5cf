import type { ContainerSummary, Engine } from "@otto/engine";
import { startDeadline } from "@otto/errors";
import type { RemoteProcess } from "ssh2-streamer";
import type { Parent } from "../parent/parent.js";
import { forwardFailed } from "./port-forward.js";
import { openToolLine } from "./port-tool.js";
import { type Line, lineOf } from "./tunnel.js";

/** What leads to a container's ports. */
export interface ContainerRoute {
  /** For messages. */
  readonly name: string;
  readonly engine: Engine;
  readonly parent: Pick<Parent, "id" | "dialTcp" | "spawn"> | undefined;
  readonly container: ContainerSummary;
  /** Starts a program in the container. */
  readonly spawnInside: (argv: readonly string[]) => Promise<RemoteProcess>;
}

/**
 * Opens a line to a container's port: from the parent to the container's address, by SSH forwarding or a program there;
 * else by a program in the container, which also reaches what listens on its loopback alone.
 * @throws OttoError `HOST_FORWARD_FAILED` telling each attempt
 */
export async function dialContainer(route: ContainerRoute, port: number, signal: AbortSignal): Promise<Line> {
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
    return await openToolLine(route.spawnInside, { host: "127.0.0.1", port, place: "in the container" });
  } catch (error) {
    throw forwardFailed(route.name, [...attempts, error]);
  }
}

/** An address that does not answer, as of a network that the parent is no part of. */
const dialTimeoutMs = 10_000;

/** Opens a line to a port as a parent sees it, by SSH forwarding, else by a program there. */
export async function dialFrom(
  parent: Pick<Parent, "id" | "dialTcp" | "spawn">,
  { host, port }: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<Line> {
  using deadline = startDeadline(dialTimeoutMs, signal);
  try {
    return lineOf(await parent.dialTcp(host, port, deadline.signal));
  } catch (error) {
    signal.throwIfAborted();
    if (!isForbidden(error)) throw error;
    const spawn = (argv: readonly string[]) => parent.spawn(argv, { signal, lifetime: "long" });
    return await openToolLine(spawn, { host, port, place: `on ${parent.id}` });
  }
}

function isForbidden(error: unknown): boolean {
  return (error as { details?: { forbidden?: unknown } } | undefined)?.details?.forbidden === true;
}

/** Where a container is for its parent; undefined: it has no network. */
async function addressOf(
  engine: Engine,
  container: ContainerSummary,
  signal: AbortSignal,
): Promise<string | undefined> {
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
