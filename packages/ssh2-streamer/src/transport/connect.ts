import { type Deadline, isOttoError, RetryPolicy, startDeadline } from "@otto/errors";
import type { LearnedHostKey } from "../host-keys/host-key.js";
import type { SshEndpoint } from "../route/endpoint.js";
import { connectError } from "../route/failure.js";
import { type HostKeyCheck, openHostKeyCheck } from "./host-key-check.js";
import type { Connection, ConnectRequest, Transport } from "./transport.js";

// An sshd at its MaxStartups limit hangs up before it says a word; one that logs others in frees places soon. Nothing
// was asked of a server that hung up before the login was done, nor of one whose hop was lost: asking again is safe.
const dropDelaysMs = [100, 300, 1000, 2000] as const;

/** One connection to be made: one login on it, one judge of the host's key. */
export interface Attempt extends ConnectRequest {
  readonly hostKey: HostKeyCheck;
  readonly onHostKeyTrusted: () => void;
  /** `performance.now()` when connecting began. */
  readonly startedAt: number;
  /** Runs what waits for a person or a vault: that is no part of the time limit of connecting. */
  readonly wait: <T>(work: () => Promise<T>) => Promise<T>;
}

/** What differs between the transports. */
export interface Connector<Login> {
  /** The logins to try, each on a connection of its own. */
  readLogins(endpoint: SshEndpoint): Promise<readonly Login[]>;
  /** Dials, speaks SSH and logs in. */
  connect(attempt: Attempt, login: Login): Promise<Connection>;
}

/** Makes a transport: it tries each login, patiently with a server that hangs up, until one is let in. */
export function createTransport<Login>(connector: Connector<Login>): Transport {
  return async (request) => {
    const { endpoint, onEvent } = request;
    const startedAt = performance.now();
    const timeoutMs = endpoint.connectTimeoutMs ?? 20_000;
    const late = () => connectError(endpoint, "timeout", new Error(`no login within ${timeoutMs} ms`));
    using deadline = startDeadline(timeoutMs, request.signal, late);
    endpoint.authorize?.();
    const tries = orderTries(await connector.readLogins(endpoint), request);
    const wait = pausing(deadline);
    for (const [index, { login, onPrompt }] of tries.entries()) {
      try {
        const setting = { ...request, onPrompt, signal: deadline.signal, startedAt, wait };
        const connection = await connectPatiently(setting, (attempt) => connector.connect(attempt, login));
        const { host, port = 22, name } = endpoint;
        const durationMs = Math.round(connection.connectMs);
        onEvent({ type: "ssh.connected", hop: name, address: `${host}:${port}`, durationMs });
        return connection;
      } catch (error) {
        if (!isOttoError(error, "SSH_AUTH_FAILED") || index === tries.length - 1) throw error;
      }
    }
    throw new TypeError(`endpoint ${endpoint.name} has no credentials`);
  };
}

interface Try<Login> {
  readonly login: Login;
  readonly onPrompt: ConnectRequest["onPrompt"];
}

/** A person is asked for one login only, the first, after all of them had a try with what they have. */
function orderTries<Login>(logins: readonly Login[], { onPrompt }: ConnectRequest): readonly Try<Login>[] {
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

type Setting = Omit<Attempt, "hostKey" | "onHostKeyTrusted">;
type Connect = (attempt: Attempt) => Promise<Connection>;

function connectPatiently(setting: Setting, connect: Connect): Promise<Connection> {
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
  return retry.run(() => connectTrusting(setting, connect));
}

// A hop that drops connections is asked again by its own connector.
function isDrop(error: unknown, name: string): boolean {
  if (isOttoError(error, "SSH_CONNECTION_LOST")) return true;
  if (!isOttoError(error, "SSH_CONNECT_FAILED")) return false;
  return error.details?.reason === "dropped" && error.details.hop === name;
}

// A server has one key of each type and shows one: a pin may be of a type that it shows when asked.
async function connectTrusting(setting: Setting, connect: Connect): Promise<Connection> {
  const { endpoint, onEvent } = setting;
  const avoidedTypes: string[] = [];
  let refusal: unknown;
  for (;;) {
    const onLearned = (key: LearnedHostKey) => onEvent({ type: "ssh.host-key-learned", key });
    const hostKey = await openHostKeyCheck(endpoint, onLearned, avoidedTypes);
    if (avoidedTypes.length > 0 && hostKey.algorithms.length === 0) throw refusal;
    try {
      const onHostKeyTrusted = () => onEvent({ type: "ssh.host-key-trusted", hop: endpoint.name });
      return await connect({ ...setting, hostKey, onHostKeyTrusted });
    } catch (error) {
      refusal ??= error;
      if (hostKey.mismatchedType === undefined) throw refusal;
      avoidedTypes.push(hostKey.mismatchedType);
    }
  }
}
