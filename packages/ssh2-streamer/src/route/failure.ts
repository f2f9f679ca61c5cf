import { cleanText, isOttoError, OttoError, type Secret } from "@otto/errors";
import type { SshEndpoint } from "./endpoint.js";

/** Every code that this package throws. */
export type SshErrorCode =
  | "SSH_CONNECT_FAILED"
  | "SSH_AUTH_FAILED"
  | "SSH_HOST_KEY_CHANGED"
  | "SSH_HOST_KEY_REVOKED"
  | "SSH_HOST_KEY_UNKNOWN"
  | "SSH_KNOWN_HOSTS_UNREADABLE"
  | "SSH_KNOWN_HOSTS_UNWRITABLE"
  | "SSH_CONNECTION_LOST"
  | "SSH_CHANNEL_REFUSED"
  | "SSH_TRANSPORT_UNAVAILABLE"
  | "SSH_LIBRARY_UNSUPPORTED"
  | "SSH_FORWARDING_REFUSED"
  | "SSH_SESSION_CLOSED"
  | "SSH_CONFIG_INVALID"
  | "COMMAND_TIMED_OUT"
  | "COMMAND_OUTPUT_LIMIT"
  | "COMMAND_FAILED";

/**
 * Why a machine could not be reached. `dropped`: it closed the connection, most often before it said a word. `proxy`: the
 * proxy command ended, or cannot be started.
 */
export type ConnectFailure =
  | "refused"
  | "unreachable"
  | "unresolved"
  | "timeout"
  | "dropped"
  | "algorithms"
  | "proxy"
  | "handshake";

const hints: Record<ConnectFailure, string> = {
  refused: "Check that sshd runs there and that the port is right.",
  unreachable: "Check the address, the network, and whether a hop is needed.",
  unresolved: "Check the spelling of the name; its hop must be able to resolve it, or this machine where it has none.",
  timeout: "Check the address and whether a firewall drops the connection; connect_timeout gives it longer.",
  dropped: "The server may be at its MaxStartups limit, or refuse this address. Try again, or see its log.",
  algorithms: "Let its sshd take more: KexAlgorithms +curve25519-sha256, or Ciphers, MACs, HostKeyAlgorithms as named.",
  proxy:
    "Run the proxy command by itself, with host and port for %h and %p: it should print a line that begins with SSH-2.0-.",
  handshake: "Check that the port is sshd's. The server's log has more.",
};

const systemFailures: Readonly<Record<string, ConnectFailure>> = {
  ECONNREFUSED: "refused",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
  EHOSTDOWN: "unreachable",
  EACCES: "unreachable",
  ENOTFOUND: "unresolved",
  EAI_AGAIN: "unresolved",
  ETIMEDOUT: "timeout",
  ECONNRESET: "dropped",
  EPIPE: "dropped",
};

/** The machine cannot be reached, or does not speak SSH. */
export function connectError(endpoint: SshEndpoint, reason: ConnectFailure, cause?: unknown): OttoError<SshErrorCode> {
  const { name, host, port = 22 } = endpoint;
  const came = cause === undefined ? reason : describe(cause, secretsOf(endpoint));
  return new OttoError("SSH_CONNECT_FAILED", `connecting to ${name} (${host}:${port}): ${came}`, {
    hint: hints[reason],
    details: { hop: name, host, port, reason },
    cause: withoutSecrets(cause, endpoint),
  });
}

/** {@link connectError} for an error of a socket. */
export function socketError(endpoint: SshEndpoint, cause: unknown): OttoError<SshErrorCode> {
  if (cause instanceof ProxyCommandFailure) return connectError(endpoint, "proxy", cause);
  return connectError(endpoint, systemFailures[(cause as NodeJS.ErrnoException).code ?? ""] ?? "handshake", cause);
}

/** How a proxy command ended that should have gone on. */
export class ProxyCommandFailure extends Error {}

/** A failure to connect, with what the proxy command said on stderr. */
export function proxiedError(endpoint: SshEndpoint, error: unknown, said: string): unknown {
  const { name } = endpoint;
  if (!isOttoError(error, "SSH_CONNECT_FAILED") || error.details?.hop !== name || said === "") return error;
  const { reason, ...details } = error.details;
  if (reason === "proxy") return error;
  const words = describe(said, secretsOf(endpoint));
  return new OttoError("SSH_CONNECT_FAILED", `${error.message}; its proxy command said: ${words}`, {
    hint: hints.proxy,
    details: { ...details, reason: reason ?? "proxy" },
    cause: error,
  });
}

/** What an endpoint asks for is beyond what is at hand. @param why what is missing */
export function transportError({ name }: SshEndpoint, why: string, cause?: unknown): OttoError<SshErrorCode> {
  return new OttoError("SSH_TRANSPORT_UNAVAILABLE", `connecting to ${name} by OpenSSH's client: ${why}`, {
    hint: "Install OpenSSH's client (Debian: apt-get install openssh-client), 8.5 or later, or set transport to ssh2.",
    details: { hop: name },
    cause,
  });
}

/** What became of a login that failed. */
export interface LoginFailure {
  /** Labels of what was tried or could not be; the server's last word. */
  readonly tried: readonly string[];
  /** The methods that the server takes; undefined before it said so. */
  readonly offered: readonly string[] | undefined;
  /** What makes a key that could not be tried one that can. */
  readonly advice?: string | undefined;
  /** The questions that nobody answered. */
  readonly unanswered?: readonly string[] | undefined;
}

/** The server let none of the credentials in. */
export function authError(endpoint: SshEndpoint, failure: LoginFailure): OttoError<SshErrorCode> {
  const { tried, unanswered = [] } = failure;
  const offered = failure.offered?.map((method) => describe(method, secretsOf(endpoint)));
  const what = tried.length === 0 ? "there was nothing to try" : `tried ${tried.join("; ")}`;
  const takes = offered === undefined || offered.length === 0 ? "" : `; the server takes ${offered.join(", ")}`;
  const asked = unanswered.length === 0 ? "" : `; nobody answered ${unanswered.map((it) => `"${it}"`).join(", ")}`;
  return new OttoError("SSH_AUTH_FAILED", `logging in to ${endpoint.name}: refused (${what}${takes})${asked}`, {
    hint: hintOfLogin(failure),
    details: { hop: endpoint.name, tried: [...tried], offered: [...(offered ?? [])], unanswered: [...unanswered] },
  });
}

function hintOfLogin({ tried, advice, unanswered = [] }: LoginFailure): string {
  if (advice !== undefined) return advice;
  if (unanswered.length > 0) {
    return "Run it at a terminal, where it is asked for, or set ssh_options.password_command or password_env (of a key: passphrase_command or passphrase_env, or use an ssh-agent); in a program: onPrompt.";
  }
  if (tried.length === 0) {
    return "Give a private key, an ssh-agent or a password; in a lab file: ssh_options.client_keys, agent, password_env.";
  }
  // sshd 9.2 says so, and hangs up.
  if (tried.some((label) => label.startsWith("Too many authentication failures"))) {
    return "The server counts each key that is offered (MaxAuthTries): name the right key alone, and set agent to false.";
  }
  return "Check the login name, the key (its passphrase, ssh-agent) or the password.";
}

/** A connection of the way to `target` ended while `inFlight` was under way. */
export function lostError(
  target: string,
  { hop, cause }: { readonly hop: string; readonly cause: string },
  inFlight: string,
): OttoError<SshErrorCode> {
  return new OttoError("SSH_CONNECTION_LOST", `${inFlight} on ${target}: connection to ${hop} lost: ${cause}`, {
    hint: "What was under way may have had its effect. The next call connects again.",
    details: { hop, target, cause, inFlight },
  });
}

/** The server opens no session channel, or does not run the command in it. */
export function channelError(endpoint: SshEndpoint, what: string, cause?: unknown): OttoError<SshErrorCode> {
  const came = cause === undefined ? "the server refuses" : describe(cause, secretsOf(endpoint));
  return new OttoError("SSH_CHANNEL_REFUSED", `${what} on ${endpoint.name}: ${came}`, {
    hint: "The server's MaxSessions may be 0, a forced command may be set, or processes of ours still hold its sessions.",
    details: { hop: endpoint.name },
    cause: withoutSecrets(cause, endpoint),
  });
}

/** The login ended without running the command: its shell is `nologin`, or a forced command ran instead. */
export function notRunError(
  endpoint: SshEndpoint,
  what: string,
  { exitCode, said }: { readonly exitCode: number; readonly said: Buffer },
): OttoError<SshErrorCode> {
  const words = describe(said.toString().trim(), secretsOf(endpoint)) || "nothing";
  return new OttoError(
    "SSH_CHANNEL_REFUSED",
    `${what} on ${endpoint.name}: the login did not run it, ended with ${exitCode} and said: ${words}`,
    {
      hint: "Check the login's shell (getent passwd), its profile, and forced commands (ForceCommand, command=).",
      details: { hop: endpoint.name, exitCode },
    },
  );
}

/** The server forwards no stream to there. Where nothing answers at the target is told as refusal too: SSH has one answer. */
export function forwardingError(endpoint: SshEndpoint, target: string, cause?: unknown): OttoError<SshErrorCode> {
  const came = cause === undefined ? "refused" : describe(cause, secretsOf(endpoint));
  return new OttoError("SSH_FORWARDING_REFUSED", `opening ${target} through ${endpoint.name}: ${came}`, {
    hint: "Either forwarding is off in its sshd_config, or nothing (that this login may use) answers there.",
    details: { hop: endpoint.name, target, forbidden: isForbidden(cause) },
    cause: withoutSecrets(cause, endpoint),
  });
}

/** The reason code of a server whose configuration forbids a channel (RFC 4254, 5.1). */
export const administrativelyProhibited = 1;

/** Whether the server refuses to forward, as opposed to that nothing answers there. */
function isForbidden(cause: unknown): boolean {
  return (cause as { reason?: unknown } | undefined)?.reason === administrativelyProhibited;
}

export function closedError(endpoint: Pick<SshEndpoint, "name">): OttoError<SshErrorCode> {
  return new OttoError("SSH_SESSION_CLOSED", `the session to ${endpoint.name} is closed`, {
    details: { hop: endpoint.name },
  });
}

/** An outside error as a message, without the endpoint's secrets. */
export function describe(error: unknown, secrets: readonly Secret[]): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return cleanText(text, secrets);
}

/** What a debug log shows of it. A server may say what it was told. */
function withoutSecrets(cause: unknown, endpoint: SshEndpoint): unknown {
  const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  return describe(text, secretsOf(endpoint)) === describe(text, [])
    ? cause
    : new Error(describe(cause, secretsOf(endpoint)));
}

/** What must not be seen in a message about this endpoint. */
export function secretsOf(endpoint: SshEndpoint): Secret[] {
  const given = endpoint.credentials.flatMap(({ password, privateKeys = [] }) => [
    password,
    ...privateKeys.flatMap((key) => [key.passphrase, "content" in key ? key.content : undefined]),
  ]);
  return [...given.filter((it) => it !== undefined && typeof it !== "function"), ...(answered.get(endpoint) ?? [])];
}

const answered = new WeakMap<SshEndpoint, Secret[]>();

/** Forgets what a login was answered with. */
export function forgetSecrets(endpoint: SshEndpoint): void {
  answered.delete(endpoint);
}

/** Makes what a login was answered with one of the endpoint's secrets. */
export function noteSecret(endpoint: SshEndpoint, secret: Secret): void {
  const known = answered.get(endpoint) ?? [];
  if (!known.some((it) => it.reveal() === secret.reveal())) answered.set(endpoint, [...known, secret]);
}
