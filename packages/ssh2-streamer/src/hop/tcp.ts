import { connect, type Socket } from "node:net";
import type { SshEndpoint } from "../route/endpoint.js";
import { socketError } from "../route/failure.js";

/**
 * Opens a TCP connection to an endpoint, without Nagle's algorithm, which would hold small packets for 40 ms.
 *
 * @throws OttoError `SSH_CONNECT_FAILED`
 */
export function openTcp(endpoint: SshEndpoint, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const socket = connect({ host: endpoint.host, port: endpoint.port ?? 22, noDelay: true });
    const onAbort = () => {
      socket.destroy();
      reject(signal.reason);
    };
    const onError = (error: Error) => {
      signal.removeEventListener("abort", onAbort);
      reject(socketError(endpoint, error));
    };
    signal.addEventListener("abort", onAbort, { once: true });
    socket.once("error", onError);
    socket.once("connect", () => {
      signal.removeEventListener("abort", onAbort);
      socket.off("error", onError);
      // Unread, it can be handed to another process.
      socket.pause();
      resolve(socket);
    });
  });
}
