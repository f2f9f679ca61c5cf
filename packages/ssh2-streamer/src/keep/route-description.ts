import { createHash } from "node:crypto";
import { readBoundedFile, type Secret } from "@otto/errors";
import { findLines } from "../host-keys/host-key.js";
import { formatFingerprint, hostNamesOf } from "../host-keys/known-hosts.js";
import { readKnownHosts } from "../host-keys/known-hosts-file.js";
import type { PrivateKey, SshCredential, SshEndpoint, SshRoute } from "../route/endpoint.js";
import type { ProgramEnvironment } from "../transport/transport.js";

/** All that decides on a connection, as text. Of secrets it has digests. */
export interface RouteDescription {
  readonly fixed: string;
  /** Of each endpoint: the lines of known_hosts files that speak of it, sorted. */
  readonly known: readonly (readonly string[])[];
}

/** Variables that decide what programs of this machine do to connect. */
const variables = ["PATH", "SHELL", "KRB5CCNAME"] as const;

/**
 * Describes what decides on the connection at the end of a route, as it is now.
 * @param version of what makes the connection
 * @throws OttoError `SSH_KNOWN_HOSTS_UNREADABLE`
 */
export async function describeRoute(
  route: SshRoute,
  { env, version }: { readonly env: ProgramEnvironment; readonly version: string },
): Promise<RouteDescription> {
  const [endpoints, known] = await Promise.all([
    Promise.all(route.map(describeEndpoint)),
    Promise.all(route.map(describeKnown)),
  ]);
  const surroundings = variables.map((name) => env[name] ?? null);
  return { fixed: JSON.stringify([version, surroundings, endpoints]), known };
}

/** Names what a description says: 32 hexadecimal digits. */
export function fingerprintOf({ fixed, known }: RouteDescription): string {
  return createHash("sha256")
    .update(JSON.stringify([fixed, known]))
    .digest("hex")
    .slice(0, 32);
}

/**
 * Whether nothing has changed but that keys were recorded which the login itself learned.
 * @param learned fingerprints, `SHA256:…`
 */
export function isSameButLearned(
  before: RouteDescription,
  after: RouteDescription,
  learned: ReadonlySet<string>,
): boolean {
  if (before.fixed !== after.fixed || before.known.length !== after.known.length) return false;
  return after.known.every((lines, index) => {
    const old = before.known[index] ?? [];
    const isLearned = (line: string) => learned.has(formatFingerprint(Buffer.from(line.split(" ")[2] ?? "", "base64")));
    return old.every((line) => lines.includes(line)) && lines.every((line) => old.includes(line) || isLearned(line));
  });
}

async function describeKnown(endpoint: SshEndpoint): Promise<readonly string[]> {
  const policy = endpoint.hostKey;
  if ("pin" in policy) return [];
  const files = [...policy.knownHosts, ...(policy.learn === undefined ? [] : [policy.learn.file])];
  const hosts = (await Promise.all(files.map(readKnownHosts))).flat();
  const lines = findLines(hosts, hostNamesOf(endpoint));
  return [...new Set(lines.map(({ marker = "", type, key }) => `${marker} ${type} ${key}`))].sort();
}

async function describeEndpoint(endpoint: SshEndpoint): Promise<unknown> {
  const { credentials, hostKey, revokedHostKeys = [], configFile, authorize: _trust, ...rest } = endpoint;
  const [logins, revoked, config] = await Promise.all([
    Promise.all(credentials.map(describeCredential)),
    Promise.all(revokedHostKeys.map(describeFile)),
    configFile && describeFile(configFile),
  ]);
  const policy = "pin" in hostKey ? hostKey.pin : [hostKey.knownHosts, hostKey.learn?.file ?? null];
  const settings = Object.entries(rest).filter(([, value]) => value !== undefined);
  return [settings.sort(([first], [second]) => (first < second ? -1 : 1)), policy, logins, revoked, config ?? null];
}

async function describeCredential(credential: SshCredential): Promise<unknown> {
  const { username, agent, identitiesOnly = false, privateKeys = [], certificates = [], password } = credential;
  const [keys, certified] = await Promise.all([
    Promise.all(privateKeys.map(describeKey)),
    Promise.all(certificates.map(describeFile)),
  ]);
  return [username, agent ?? null, identitiesOnly, keys, certified, describeSecret(password)];
}

async function describeKey(key: PrivateKey): Promise<unknown> {
  const content = "path" in key ? await describeFile(key.path) : digest(key.content.reveal());
  const certificate = "path" in key ? await describeFile(`${key.path}-cert.pub`) : null;
  return [content, certificate, describeSecret(key.passphrase)];
}

function describeSecret(secret: Secret | object | undefined): string | null {
  if (secret === undefined) return null;
  // What is read when a login needs it was not read yet.
  return "reveal" in secret ? digest((secret as Secret).reveal()) : "read";
}

async function describeFile(path: string): Promise<readonly [path: string, content: string]> {
  const content = await readBoundedFile(path).then(
    digest,
    (error: NodeJS.ErrnoException) => error.code ?? "unreadable",
  );
  return [path, content];
}

function digest(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("base64");
}
