import { type Deadline, isOttoError, RetryPolicy, startDeadline } from "@otto/errors";
import type { LearnedHostKey } from "../host-keys/host-key.js";
import { connectError } from "../route/failure.js";
import type { ConnectRequest } from "../transport/transport.js";
import { Ssh2Connection } from "./connection.js";
import { type LoginPlan, readLogins } from "./credential.js";
import { performHandshake } from "./handshake.js";
import { assertNeedsNoCertificate, openHostKeyCheck } from "./host-key-check.js";

// An sshd at its MaxStartups limit hangs up before it says a word; one that logs others in frees places soon. Nothing
// was asked of a server that hung up before the login was done, nor of one whose hop was lost: asking again is safe.
const dropDelaysMs = [100, 300, 1000, 2000] as const;

/** The transport by ssh2, in this process. */
export async function connectBySsh2(setting: ConnectRequest): Promise<Ssh2Connection> {
  const { endpoint, onEvent } = setting;
  const startedAt = performance.now();
  const timeoutMs = endpoint.connectTimeoutMs ?? 20_000;
  const late = () => connectError(endpoint, "timeout", new Error(`no login within ${timeoutMs} ms`));
  using deadline = startDeadline(timeoutMs, setting.signal, late);
  endpoint.authorize?.();
  const tries = orderTries(await readLogins(endpoint.credentials), setting);
  const wait = pausing(deadline);
  for (const [index, { login, onPrompt }] of tries.entries()) {
    try {
      const attempt = { ...setting, onPrompt, signal: deadline.signal, startedAt, wait };
      const connection = await connectPatiently(attempt, login);
      const { host, port = 22, name } = endpoint;
      const durationMs = Math.round(connection.connectMs);
      onEvent({ type: "ssh.connected", hop: name, address: `${host}:${port}`, durationMs });
      return connection;
    } catch (error) {
      if (!isOttoError(error, "SSH_AUTH_FAILED") || index === tries.length - 1) throw error;
    }
  }
  throw new TypeError(`endpoint ${endpoint.name} has no credentials`);
}

interface Try {
  readonly login: LoginPlan;
  readonly onPrompt: ConnectRequest["onPrompt"];
}

/** A person is asked for one login only, the first, after all of them had a try with what they have. */
function orderTries(logins: readonly LoginPlan[], { onPrompt }: ConnectRequest): readonly Try[] {
  const [first, second] = logins;
  if (first === undefined || second === undefined) return logins.map((login) => ({ login, onPrompt }));
  const silent = logins.map((login) => ({ login, onPrompt: undefined }));
  return onPrompt === undefined ? silent : [...silent, { login: first, onPrompt }];
}

/** The time of connecting stands still while `work` waits for somebody, and begins anew then. */
function pausing(deadline: Deadline): Attempt["wait"] {
  return async (work) => {
    deadline.stop();
    try {
      return await work();
    } finally {
      deadline.start();
    }
  };
}

interface Attempt extends ConnectRequest {
  readonly startedAt: number;
  readonly wait: <T>(work: () => Promise<T>) => Promise<T>;
}

function connectPatiently(setting: Attempt, login: LoginPlan): Promise<Ssh2Connection> {
  const { endpoint, onEvent, signal } = setting;
  const { name: hop } = endpoint;
  const retry = new RetryPolicy({
    mayPass: (error) => isDrop(error, hop),
    pauseMs: (failures) => {
      const pause = dropDelaysMs[failures];
      // Two processes that were dropped together must not come back together.
      return pause && pause * (0.75 + Math.random() / 2);
    },
    signal,
    onRetry: (error, failures) =>
      onEvent({ type: "ssh.connect-retried", hop, attempt: failures + 1, cause: (error as Error).message }),
  });
  return retry.run(() => connectOnce(setting, login));
}

// A hop that drops connections is asked again by its own connector.
function isDrop(error: unknown, name: string): boolean {
  if (isOttoError(error, "SSH_CONNECTION_LOST")) return true;
  if (!isOttoError(error, "SSH_CONNECT_FAILED")) return false;
  return error.details?.reason === "dropped" && error.details.hop === name;
}

// A server has one key of each type and shows one: a pin may be of a type that it shows when asked.
async function connectOnce(setting: Attempt, login: LoginPlan): Promise<Ssh2Connection> {
  const { endpoint, signal, onEvent } = setting;
  const avoidedTypes: string[] = [];
  let refusal: unknown;
  for (;;) {
    const onLearned = (key: LearnedHostKey) => onEvent({ type: "ssh.host-key-learned", key });
    const hostKey = await openHostKeyCheck(endpoint, onLearned, avoidedTypes);
    if (hostKey.algorithms.length === 0) throw refusal;
    assertNeedsNoCertificate(endpoint, hostKey);
    // Loaded here at its first use, for it is slow to load; and before the socket, which nobody would listen to meanwhile.
    const { default: ssh2 } = await import("ssh2");
    const socket = await setting.dial(signal, login.username);
    try {
      const { depth, startedAt, onPrompt, wait } = setting;
      const onHostKeyTrusted = () => onEvent({ type: "ssh.host-key-trusted", hop: endpoint.name });
      const handshake = { ssh2, endpoint, login, hostKey, onHostKeyTrusted, onPrompt, wait, signal };
      const connection = await performHandshake(
        socket,
        handshake,
        (client) => new Ssh2Connection({ endpoint, client, socket, depth, startedAt }),
      );
      if (!connection.isOpen) throw connection.lostError("logging in");
      return connection;
    } catch (error) {
      refusal ??= error;
      if (hostKey.mismatchedType === undefined) throw refusal;
      avoidedTypes.push(hostKey.mismatchedType);
    }
  }
}
