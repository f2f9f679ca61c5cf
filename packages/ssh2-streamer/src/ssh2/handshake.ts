import type { Duplex } from "node:stream";
import { isOttoError, longestTimerMs, type OttoError } from "@otto/errors";
import type { Algorithms, AuthHandlerMiddleware, Client, ConnectConfig, ServerHostKeyAlgorithm } from "ssh2";
import { type AnswerSetting, LoginAnswers } from "../login/login-answers.js";
import type { SshEndpoint } from "../route/endpoint.js";
import { authError, connectError, describe, type LoginFailure, secretsOf, socketError } from "../route/failure.js";
import type { HostKeyCheck } from "../transport/host-key-check.js";
import { readDropWord } from "../transport/server-faults.js";
import { type LoginPlan, planAttempts } from "./credential.js";
import {
  beginLoginAtOnce,
  forgetLogin,
  ignoreFurtherHostKeys,
  limitSignatures,
  nothingToTry,
  onAuthFailure,
  signAtOnce,
} from "./internals.js";
import { createLogin, type Login } from "./login.js";

/** What the lists of an endpoint leave. */
export interface ChosenAlgorithms {
  readonly transport: Algorithms;
  /** Those that keys may sign by; undefined: all. */
  readonly signatures: readonly string[] | undefined;
}

export interface HandshakeSetting {
  readonly ssh2: typeof import("ssh2");
  readonly endpoint: SshEndpoint;
  readonly algorithms: ChosenAlgorithms;
  readonly login: LoginPlan;
  readonly hostKey: HostKeyCheck;
  readonly onHostKeyTrusted: () => void;
  readonly onPrompt: AnswerSetting["onPrompt"];
  readonly wait: AnswerSetting["wait"];
  readonly signal: AbortSignal;
}

/**
 * Speaks SSH over `socket` until the login is done, and calls `use` in ssh2's own callback: a loss that comes with it is
 * told to nobody who listens later. On failure the socket is destroyed.
 *
 * @throws OttoError `SSH_CONNECT_FAILED`, `SSH_AUTH_FAILED`, or what the host key check threw
 */
export function performHandshake<T>(socket: Duplex, setting: HandshakeSetting, use: (client: Client) => T): Promise<T> {
  // Listeners stay with the client: none of them must hold the setting, which has keys and passwords.
  const { ssh2, endpoint, signal, hostKey, onHostKeyTrusted, wait: pause } = setting;
  const { signatures } = setting.algorithms;
  const config = formatConfig(setting, socket);
  let begin: ReturnType<typeof prepareLogin> | undefined = prepareLogin(setting);
  const client = new ssh2.Client();
  const over = new AbortController();
  let hostKeyError: unknown;
  let firstBytes: Buffer | undefined;
  let isAsked = false;
  return new Promise<T>((resolve, reject) => {
    const settle = (error: unknown) => {
      signal.removeEventListener("abort", onAbort);
      over.abort(error);
      if (error === undefined) {
        login = undefined;
        forgetLogin(client);
        return resolve(use(client));
      }
      login = undefined;
      reject(error);
      socket.destroy();
    };
    const onAbort = () => settle(signal.reason);
    let login: Login | undefined;
    const failure = () => login ?? { tried: [], offered: undefined };
    const fail = (error: unknown) => settle(error ?? authError(endpoint, failure()));
    const wait: AnswerSetting["wait"] = (work) => {
      isAsked = true;
      return pause(work);
    };
    login = begin?.({ wait, signal: over.signal }, fail);
    begin = undefined;
    signal.addEventListener("abort", onAbort);
    client.once("ready", () => settle(undefined));
    // ssh2 reports an agent's failure as an error and goes on.
    client.on("error", (error: Error & { level?: string }) => {
      if (error.level === "agent") login?.noteOwnFailure(describe(error, secretsOf(endpoint)));
      else {
        const progress = { endpoint, login: failure(), firstBytes, hasBegun: trusted !== undefined };
        settle(hostKeyError ?? explain(error, progress));
      }
    });
    client.once("change password", () =>
      fail(authError(endpoint, addTo(failure(), "the server wants a new password"))),
    );
    client.once("close", () => {
      // Somebody was asked already, and would be again.
      const error = isAsked
        ? authError(endpoint, addTo(failure(), "the server hung up"))
        : connectError(endpoint, "dropped");
      settle(hostKeyError ?? error);
    });
    let trusted: Buffer | undefined;
    const verify = (key: Buffer, finish: (isTrusted: boolean) => void) => {
      // ssh2 1.17 asks again whenever the keys are renewed, and what is written before a late answer breaks the connection.
      if (trusted?.equals(key)) return finish(true);
      const seen = Buffer.from(key);
      hostKey.verify(seen).then(
        () => {
          trusted = seen;
          onHostKeyTrusted();
          finish(true);
        },
        (error: unknown) => {
          hostKeyError = error;
          finish(false);
        },
      );
    };
    const authHandler: AuthHandlerMiddleware = (methods, isPartial, next) => {
      if (login !== undefined) login.handler(methods, isPartial, next);
      else next(nothingToTry);
    };
    client.connect({ ...config, authHandler, hostVerifier: verify });
    onAuthFailure(client, (methods, isPartial) => login?.noteServerAnswer(methods, isPartial));
    if (signatures !== undefined) limitSignatures(client, signatures);
    beginLoginAtOnce(client);
    signAtOnce(client);
    ignoreFurtherHostKeys(client);
    // ssh2 has paused the socket by now, so listening does not lose it a byte.
    socket.once("data", (chunk: Buffer) => {
      firstBytes = chunk;
    });
    if (signal.aborted) onAbort();
  });
}

function prepareLogin(setting: HandshakeSetting) {
  return (changes: Pick<HandshakeSetting, "wait" | "signal">, fail: (error: unknown) => void) =>
    openLogin({ ...setting, ...changes }, fail);
}

function openLogin(setting: HandshakeSetting, fail: (error: unknown) => void): Login {
  const { credentials } = setting.login;
  const answers = credentials.map(({ credential }) => new LoginAnswers({ ...setting, credential }));
  const { ssh2, algorithms } = setting;
  const context = { ssh2, signatures: algorithms.signatures, fail };
  const attempts = credentials.flatMap((credential, index) =>
    planAttempts(credential, { ...context, answers: answers[index] as LoginAnswers }),
  );
  const { username } = setting.login;
  return createLogin(attempts, { username, fail, unanswered: () => answers.flatMap((it) => it.unanswered) });
}

/** A failure with the server's last word among what was tried. */
function addTo({ tried, offered, advice, unanswered }: LoginFailure, word: string): LoginFailure {
  return { tried: [...tried, word], offered, advice, unanswered };
}

function formatConfig({ endpoint, algorithms, login, hostKey }: HandshakeSetting, socket: Duplex): ConnectConfig {
  return {
    sock: socket,
    username: login.username,
    algorithms: {
      ...algorithms.transport,
      serverHostKey: [...hostKey.algorithms] as ServerHostKeyAlgorithm[],
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
  readonly login: LoginFailure;
  readonly firstBytes: Buffer | undefined;
  /** Whether the login has: the server is trusted. */
  readonly hasBegun: boolean;
}

function explain(error: Error & { level?: string }, { endpoint, login, firstBytes, hasBegun }: Progress): OttoError {
  // The hop that carries this connection was lost.
  if (isOttoError(error)) return error;
  if (error.level === "client-socket") return socketError(endpoint, error);
  if (error.level === "client-authentication") return authError(endpoint, login);
  // A disconnect while logging in is the server's last word on the attempts ("Too many authentication failures").
  if (hasBegun && login.tried.length > 0)
    return authError(endpoint, addTo(login, describe(error, secretsOf(endpoint))));
  if (firstBytes === undefined) return connectError(endpoint, "dropped", error);
  const word = readDropWord(firstBytes.toString("latin1"));
  if (word !== undefined) return connectError(endpoint, "dropped", new Error(word));
  return connectError(endpoint, sharesNoAlgorithm(error) ? "algorithms" : "handshake", error);
}

/** Whether client and server have no algorithm of a kind in common: `Handshake failed: no matching …` (ssh2 1.17). */
function sharesNoAlgorithm({ message }: Error): boolean {
  return message.startsWith("Handshake failed: no matching ");
}
