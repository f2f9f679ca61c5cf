import type { Duplex } from "node:stream";
import { isOttoError, longestTimerMs, type OttoError } from "@otto/errors";
import type { Client, ConnectConfig } from "ssh2";
import type { SshEndpoint } from "../route/endpoint.js";
import { authError, connectError, describe, secretsOf, socketError } from "../route/failure.js";
import type { LoginAttempt } from "./credential.js";
import type { HostKeyCheck } from "./host-key-check.js";
import { createLogin, type Login } from "./login.js";

export interface HandshakeSetting {
  /** New, for this login alone. */
  readonly client: Client;
  readonly endpoint: SshEndpoint;
  readonly login: LoginAttempt;
  readonly hostKey: HostKeyCheck;
  readonly onHostKeyTrusted: () => void;
  readonly signal: AbortSignal;
}

/**
 * Speaks SSH over `socket` until the login is done, and calls `use` in ssh2's own callback: a loss that comes with it is
 * told to nobody who listens later. On failure the socket is destroyed.
 *
 * @throws OttoError `SSH_CONNECT_FAILED`, `SSH_AUTH_FAILED`, or what the host key check threw
 */
export function performHandshake<T>(socket: Duplex, setting: HandshakeSetting, use: (client: Client) => T): Promise<T> {
  const { client, endpoint, signal } = setting;
  const login = createLogin(setting.login.attempts);
  let hostKeyError: unknown;
  let sawBytes = false;
  return new Promise<T>((resolve, reject) => {
    const settle = (error: unknown) => {
      signal.removeEventListener("abort", onAbort);
      if (error === undefined) return resolve(use(client));
      reject(error);
      socket.destroy();
    };
    const onAbort = () => settle(signal.reason);
    signal.addEventListener("abort", onAbort);
    client.once("ready", () => settle(undefined));
    // ssh2 reports an agent's failure as an error and goes on.
    client.on("error", (error: Error & { level?: string }) => {
      if (error.level === "agent") login.noteAgentFailure(`agent (${describe(error, [])})`);
      else settle(hostKeyError ?? explain(error, { endpoint, login, sawBytes }));
    });
    client.once("close", () => settle(hostKeyError ?? connectError(endpoint, "dropped")));
    const verify = (key: Buffer, finish: (trusted: boolean) => void) => {
      setting.hostKey.verify(key).then(
        () => {
          setting.onHostKeyTrusted();
          finish(true);
        },
        (error: unknown) => {
          hostKeyError = error;
          finish(false);
        },
      );
    };
    client.connect({ ...formatConfig(setting, socket), authHandler: login.handler, hostVerifier: verify });
    // ssh2 has paused the socket by now, so listening does not lose it a byte.
    socket.once("data", () => {
      sawBytes = true;
    });
    if (signal.aborted) onAbort();
  });
}

function formatConfig({ endpoint, login, hostKey }: HandshakeSetting, socket: Duplex): ConnectConfig {
  return {
    sock: socket,
    username: login.username,
    algorithms: {
      serverHostKey: [...hostKey.algorithms],
      ...(endpoint.compress === true ? { compress: ["zlib@openssh.com", "zlib", "none"] } : {}),
    },
    readyTimeout: 0,
    // Only the probes are ssh2's; what counts as silence is decided in liveness.ts.
    keepaliveInterval: Math.min(endpoint.keepaliveIntervalMs ?? 15_000, longestTimerMs),
    keepaliveCountMax: Number.MAX_SAFE_INTEGER,
  };
}

interface Progress {
  readonly endpoint: SshEndpoint;
  readonly login: Login;
  readonly sawBytes: boolean;
}

function explain(error: Error & { level?: string }, { endpoint, login, sawBytes }: Progress): OttoError {
  // The hop that carries this connection was lost.
  if (isOttoError(error)) return error;
  if (error.level === "client-socket") return socketError(endpoint, error);
  if (error.level === "client-authentication") return authError(endpoint, login);
  // A disconnect while logging in is the server's last word on the attempts ("Too many authentication failures").
  if (login.tried.length > 0) {
    const { tried, offered, advice } = login;
    return authError(endpoint, { tried: [...tried, describe(error, secretsOf(endpoint))], offered, advice });
  }
  if (!sawBytes) return connectError(endpoint, "dropped", error);
  return connectError(endpoint, sharesNoAlgorithm(error) ? "algorithms" : "handshake", error);
}

/** Whether client and server have no algorithm of a kind in common: `Handshake failed: no matching …` (ssh2 1.17). */
function sharesNoAlgorithm({ message }: Error): boolean {
  return message.startsWith("Handshake failed: no matching ");
}
