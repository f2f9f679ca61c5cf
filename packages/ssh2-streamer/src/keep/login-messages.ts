import { isOttoError, type Json, OttoError, Secret } from "@otto/errors";
import type { PrivateKey, SshCredential, SshEndpoint, SshRoute } from "../route/endpoint.js";
import type { SshEvent } from "../route/event.js";
import type { ReadSecret, SshPrompt } from "../route/prompt.js";
import type { ProgramEnvironment } from "../transport/transport.js";
import type { KeeperRecord } from "./keeper-record.js";

/*
 * What a keeper and the process that started it say to each other until the login is done, by the channel that Node opens between
 * a process and its child. Secrets pass by it alone: they are in no argument, variable or file.
 */

/** From the process that started the keeper. */
export type StarterMessage =
  | { readonly start: StartRequest }
  | { readonly answer: number; readonly values: readonly string[] | undefined }
  /** What was asked threw: the process that started the keeper has the error. */
  | { readonly failed: number };

export interface StartRequest {
  readonly route: readonly PlainEndpoint[];
  readonly env: ProgramEnvironment;
  /** Absolute path, that was checked. */
  readonly directory: string;
  readonly version: string;
  readonly canAsk: boolean;
}

/** From a keeper. */
export type KeeperMessage =
  | { readonly event: SshEvent }
  /** Asks a person, or reads the secret of this number. */
  | { readonly ask: number; readonly what: { readonly prompt: SshPrompt } | { readonly secret: number } }
  /** The login does not wait for that any more. */
  | { readonly dropped: number }
  /** Another keeper of the route was faster. */
  | { readonly outcome: "taken" }
  /** It is logged in. */
  | { readonly outcome: "ready"; readonly record: KeeperRecord }
  | { readonly outcome: "failed"; readonly error: PlainError };

/** An error as data. Without a code: one of the keeper, not of the login. */
export interface PlainError {
  readonly code: string | undefined;
  readonly message: string;
  readonly hint: string | undefined;
  readonly details: { readonly [key: string]: Json } | undefined;
}

type PlainSecret = { readonly text: string } | { readonly secret: number };
type PlainKey = ({ readonly path: string } | { readonly content: string }) & {
  readonly passphrase: PlainSecret | undefined;
};
type PlainCredential = Omit<SshCredential, "privateKeys" | "password"> & {
  readonly privateKeys: readonly PlainKey[];
  readonly password: PlainSecret | undefined;
};
/** An endpoint as data: a secret is its text, or the number of what reads it. */
type PlainEndpoint = Omit<SshEndpoint, "credentials" | "authorize"> & {
  readonly credentials: readonly PlainCredential[];
};

/** A route as data, and what reads the secrets that it names by numbers. */
export function toPlainRoute(route: SshRoute): {
  readonly route: readonly PlainEndpoint[];
  readonly secrets: readonly ReadSecret[];
} {
  const secrets: ReadSecret[] = [];
  const plainSecret = (secret: Secret | ReadSecret | undefined): PlainSecret | undefined => {
    if (secret === undefined) return undefined;
    return typeof secret === "function" ? { secret: secrets.push(secret) - 1 } : { text: secret.reveal() };
  };
  const plainKey = (key: PrivateKey): PlainKey => ({
    ...("path" in key ? { path: key.path } : { content: key.content.reveal() }),
    passphrase: plainSecret(key.passphrase),
  });
  const plain = route.map(({ authorize: _trust, hostKey, credentials, ...rest }) => ({
    ...rest,
    hostKey: "pin" in hostKey ? hostKey : { ...hostKey, learn: hostKey.learn && { file: hostKey.learn.file } },
    credentials: credentials.map(({ privateKeys = [], password, ...credential }) => ({
      ...credential,
      privateKeys: privateKeys.map(plainKey),
      password: plainSecret(password),
    })),
  }));
  return { route: plain, secrets };
}

/** The route of {@link toPlainRoute}. @param read reads the secret of a number */
export function fromPlainRoute(
  plain: readonly PlainEndpoint[],
  read: (secret: number, signal: AbortSignal) => Promise<Secret>,
): SshRoute {
  const secretOf = (secret: PlainSecret | undefined): Secret | ReadSecret | undefined => {
    if (secret === undefined) return undefined;
    return "text" in secret ? new Secret(secret.text) : (signal) => read(secret.secret, signal);
  };
  const keyOf = (key: PlainKey): PrivateKey => ({
    ...("path" in key ? { path: key.path } : { content: new Secret(key.content) }),
    passphrase: secretOf(key.passphrase),
  });
  const credentialOf = ({ privateKeys, password, ...rest }: PlainCredential): SshCredential => ({
    ...rest,
    privateKeys: privateKeys.map(keyOf),
    password: secretOf(password),
  });
  const endpoints = plain.map(({ credentials, ...rest }) => ({ ...rest, credentials: credentials.map(credentialOf) }));
  // Both of them have at least one.
  return endpoints as unknown as SshRoute;
}

export function toPlainError(error: unknown): PlainError {
  if (isOttoError(error)) {
    const { code, message, hint, details } = error;
    return { code, message, hint, details };
  }
  return {
    code: undefined,
    message: error instanceof Error ? error.message : String(error),
    hint: undefined,
    details: undefined,
  };
}

/** An error of a login, as it was thrown in the keeper. */
export function fromPlainError({ code, message, hint, details }: PlainError): Error {
  return code === undefined ? new Error(message) : new OttoError(code, message, { hint, details });
}
