import { once, setMaxListeners } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { guardListener, isOttoError, OttoError } from "@otto/errors";
import { resetSocket } from "./reset.js";
import { joinTunnel, type Tunnel } from "./tunnel.js";

export interface ForwardOptions {
  /** Called for each connection that could not be passed on; it is reset, and the forward goes on. What it throws, the disposal throws. */
  readonly onFailed?: ((error: Error) => void) | undefined;
  /** Closes it. */
  readonly signal?: AbortSignal | undefined;
}

/** A port of this machine that leads to one elsewhere, until it is disposed. */
export interface PortForward extends AsyncDisposable {
  /** Where it listens: `127.0.0.1:8080`. */
  readonly address: string;
  readonly port: number;
  /** Settles when it is closed, by disposal, by the signal or with its host. */
  readonly closed: Promise<void>;
}

export interface ForwardTarget {
  /** For messages: the host's id and its port. */
  readonly name: string;
  /** Opens a tunnel for one connection. */
  dial(signal: AbortSignal): Promise<Tunnel>;
}

const loopback = "127.0.0.1";

/**
 * Listens on loopback. Each connection gets a tunnel of its own, so the next one finds a container that was replaced.
 * @param localPort 0: one that is free
 * @throws TypeError for a port that is none; OttoError `HOST_PORT_UNAVAILABLE`
 */
export async function openForward(
  { localPort, remotePort }: { readonly localPort: number; readonly remotePort: number },
  target: ForwardTarget,
  { onFailed, signal }: ForwardOptions,
): Promise<PortForward> {
  assertPort(localPort, 0);
  assertPort(remotePort, 1);
  signal?.throwIfAborted();
  const closing = new AbortController();
  // Each connection listens to it.
  setMaxListeners(0, closing.signal);
  const failures = guardListener(onFailed);
  const clients = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (client) => {
    clients.add(client);
    client.once("close", () => clients.delete(client));
    void connect(client, target, closing.signal).catch((error: Error) => {
      resetSocket(client);
      if (!closing.signal.aborted) failures.tell(error);
    });
  });
  await listen(server, localPort, target.name);
  const closed = once(server, "close").then(() => {});
  const close = async () => {
    closing.abort();
    server.close();
    for (const client of clients) resetSocket(client);
    await closed;
    failures.throwFailure();
  };
  const onAbort = () => void close().catch(() => {});
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) {
    await close();
    signal.throwIfAborted();
  }
  void closed.then(() => signal?.removeEventListener("abort", onAbort));
  const { port } = server.address() as AddressInfo;
  return { address: `${loopback}:${port}`, port, closed, [Symbol.asyncDispose]: close };
}

function assertPort(port: number, least: 0 | 1): void {
  if (Number.isInteger(port) && port >= least && port <= 65_535) return;
  throw new TypeError(`no port: ${port}; it is a whole number from ${least} to 65535`);
}

async function connect(client: Socket, target: ForwardTarget, signal: AbortSignal): Promise<void> {
  // A client that goes while its tunnel is opened is not worth a word.
  client.on("error", () => {});
  const tunnel = await target.dial(signal);
  if (client.destroyed || signal.aborted) return tunnel.close();
  joinTunnel(client, tunnel);
  const error = await tunnel.failure;
  if (error !== undefined) throw forwardFailed(target.name, [error]);
}

async function listen(server: Server, port: number, name: string): Promise<void> {
  server.listen(port, loopback);
  try {
    await once(server, "listening");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new OttoError("HOST_PORT_UNAVAILABLE", `forwarding to ${name}: listening on ${loopback}:${port}: ${code}`, {
      hint:
        code === "EADDRINUSE"
          ? "Choose another port, or 0 for a free one."
          : "Choose a port from 1024, or 0 for a free one.",
      details: { port, reason: code },
      cause,
    });
  }
}

/** What went wrong in each of the ways that were tried. */
export function forwardFailed(name: string, attempts: readonly unknown[]): OttoError {
  const reasons = attempts.map((error) => (error instanceof Error ? error.message : String(error)));
  return new OttoError("HOST_FORWARD_FAILED", `connecting to ${name}: ${reasons.join("; ")}`, {
    hint: "Check that something listens on that port. Where sshd forbids TCP forwarding, one of perl, python3, socat or nc is needed on the parent or in the container.",
    details: { target: name, codes: attempts.map((error) => (isOttoError(error) ? error.code : "")) },
    cause: attempts.at(-1),
  });
}
