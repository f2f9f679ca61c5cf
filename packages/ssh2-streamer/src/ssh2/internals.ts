import { createRequire } from "node:module";
import { forgetLastStat } from "@otto/errors";
import type { Channel, Client, ParsedKey } from "ssh2";
import { keyAlgorithms } from "../host-keys/host-key.js";
import type { Ssh2Algorithms } from "./algorithms.js";

// What ssh2 1.17 keeps to itself: nothing but this file touches it. A state is "open", "eof", "closing" or "closed".
interface ChannelInternals {
  readonly type: string;
  /** What was started in a session. */
  readonly subtype: string | undefined;
  readonly incoming: { readonly state: string };
  readonly outgoing: { readonly id: number; readonly state: string };
  /** Of requests that the server has yet to answer. */
  readonly _callbacks: readonly unknown[];
  readonly _client: { readonly _protocol: { signal(channelId: number, signal: string): void } };
}

interface Extension {
  readonly name: string;
  readonly algs?: readonly string[];
}

type Sign = (data: Buffer, finish: (signature: Buffer) => void) => void;

interface ProtocolInternals {
  readonly _handlers: {
    EXT_INFO: (protocol: unknown, extensions: readonly Extension[]) => void;
    SERVICE_ACCEPT: (protocol: unknown, service: string) => void;
    USERAUTH_FAILURE: (protocol: unknown, methods: readonly string[], isPartial: boolean) => void;
    GLOBAL_REQUEST: (protocol: unknown, name: string, wantsReply: boolean, data: unknown) => void;
  };
  service: (name: string) => void;
  /** @param sign absent: the server is asked whether it takes the key */
  authPK: (username: string, key: ParsedKey, algorithm: string | undefined, sign?: Sign) => void;
}

interface ClientInternals {
  readonly _protocol: ProtocolInternals;
  readonly _remoteVer: string;
  /** A channel that is yet to be opened is a function. */
  readonly _chanMgr: { readonly _channels: Readonly<Record<string, Channel | (() => void)>> };
}

/** Whether the server has ended its side: every byte it had to send is here. */
export function hasServerEnded(channel: Channel): boolean {
  return (channel as unknown as ChannelInternals).incoming.state !== "open";
}

/** Sends a signal. ssh2's own `channel.signal` does nothing once stdin is closed, which it is for most commands. */
export function sendSignal(channel: Channel, signal: string): void {
  const { _client, outgoing } = channel as unknown as ChannelInternals;
  _client._protocol.signal(outgoing.id, signal);
}

/**
 * Closes the session in which the server has just refused to start a command, and which ssh2 forgets: it would stay open.
 * @returns false when the server has closed it already
 */
export function closeUnstartedSession(client: Client): boolean {
  const { _channels: channels } = (client as unknown as ClientInternals)._chanMgr;
  const session = Object.values(channels).find((channel) => typeof channel === "object" && isUnstarted(channel));
  if (typeof session === "object") session.close();
  return session !== undefined;
}

function isUnstarted(channel: Channel): boolean {
  const { type, subtype, outgoing, _callbacks } = channel as unknown as ChannelInternals;
  return type === "session" && subtype === undefined && outgoing.state === "open" && _callbacks.length === 0;
}

/**
 * Calls `listener` with each refusal of an attempt, before ssh2 goes on. What it gives its `authHandler` afterwards is not that
 * of the last refusal, when an agent's key was refused.
 * @param client that is connecting
 */
export function onAuthFailure(
  client: Client,
  listener: (methods: readonly string[], isPartial: boolean) => void,
): void {
  const { _handlers: handlers } = (client as unknown as ClientInternals)._protocol;
  const { USERAUTH_FAILURE: goOn } = handlers;
  handlers.USERAUTH_FAILURE = (protocol, methods, isPartial) => {
    listener(methods, isPartial);
    goOn(protocol, methods, isPartial);
  };
}

/** What {@link forgetLogin} has an `authHandler` say. */
export const nothingToTry = { type: "none", username: "" } as const;

/**
 * Has ssh2 let go of the key or password that it logged in by, which it would hold as long as the connection lasts: it hears that it
 * was refused, and sends nothing.
 * @param client that has logged in, and whose `authHandler` has nothing but {@link nothingToTry} any more
 */
export function forgetLogin(client: Client): void {
  const protocol = (client as unknown as ClientInternals)._protocol;
  let isForgotten = false;
  const sent = protocol as unknown as Record<string, () => void>;
  for (const method of ["authPassword", "authPK", "authKeyboard", "authHostbased"]) sent[method] = () => {};
  sent.authNone = () => {
    isForgotten = true;
  };
  // A key goes through its kinds of signatures first.
  for (let tries = 0; !isForgotten && tries < mostSignatures; tries += 1) {
    protocol._handlers.USERAUTH_FAILURE(protocol, [], false);
  }
}

const mostSignatures = 16;

/** What the server calls itself: `OpenSSH_9.2p1 Debian-2`, `dropbear_2022.83`. */
export function serverVersion(client: Client): string {
  return (client as unknown as ClientInternals)._remoteVer;
}

/**
 * Lets RSA keys sign by these algorithms alone. ssh2 takes the first that the server says it takes, and `ssh-rsa` where it says
 * nothing.
 * @param client that is connecting
 */
export function limitSignatures(client: Client, accepted: readonly string[]): void {
  const { _handlers: handlers } = (client as unknown as ClientInternals)._protocol;
  const { EXT_INFO: note, SERVICE_ACCEPT: goOn } = handlers;
  const noteAlgorithms = (protocol: unknown, names: readonly string[]) =>
    note(protocol, [{ name: "server-sig-algs", algs: names.filter((name) => accepted.includes(name)) }]);
  handlers.EXT_INFO = (protocol, extensions) => {
    const { algs } = extensions.find(({ name }) => name === "server-sig-algs") ?? {};
    if (algs !== undefined) noteAlgorithms(protocol, algs);
  };
  handlers.SERVICE_ACCEPT = (protocol, service) => {
    // Of no effect where the server has said what it takes.
    noteAlgorithms(protocol, ["ssh-rsa"]);
    goOn(protocol, service);
  };
}

type MessageHandler = (protocol: unknown, payload: Buffer) => unknown;

interface PacketWriting {
  readonly _packetRW: {
    readonly write: { readonly allocStart: number; alloc(size: number): Buffer; finalize(packet: Buffer): Buffer };
  };
}

/** Of the connections whose channels are somebody else's, by their protocol. */
const relayed = new WeakMap<object, (message: Buffer) => void>();
/** RFC 4254: what a server says of channels that we have asked for. */
const [firstMessage, lastMessage] = [91, 100];
let isTapped = false;

/**
 * Passes on what the server says of channels, which ssh2 hears nothing of any more.
 * @returns sends a message of a channel
 */
export async function relayChannels(
  client: Client,
  receive: (message: Buffer) => void,
): Promise<(message: Buffer) => void> {
  const handlers = await importPart<MessageHandler[]>("handlers.js");
  const { sendPacket } = await importPart<{ readonly sendPacket: (protocol: unknown, packet: Buffer) => void }>(
    "utils.js",
  );
  if (!isTapped) tap(handlers);
  isTapped = true;
  const protocol = (client as unknown as { readonly _protocol: PacketWriting })._protocol;
  relayed.set(protocol, receive);
  return (message) => {
    const { write } = protocol._packetRW;
    const start = write.allocStart;
    const packet = write.alloc(message.length);
    packet.set(message, start);
    sendPacket(protocol, write.finalize(packet));
  };
}

/** The table of what becomes of a message, by its number, is one for all connections. */
function tap(handlers: MessageHandler[]): void {
  for (let type = firstMessage; type <= lastMessage; type += 1) {
    const goOn = handlers[type];
    handlers[type] = (protocol, payload) => {
      const receive = relayed.get(protocol as object);
      return receive === undefined ? goOn?.(protocol, payload) : receive(payload);
    };
  }
}

type ChannelConstructor = new (client: Client, info: object, options: object) => object;

/** Which version of ssh2 is installed. */
export function readSsh2Version(): string {
  try {
    const { version } = createRequire(import.meta.url)("ssh2/package.json") as { readonly version: string };
    return version;
  } catch {
    return "in this bundle";
  }
}

/** What is used of ssh2's files beside its entry. */
export async function importSsh2Parts() {
  const { Channel } = await importFile<{ readonly Channel: ChannelConstructor }>("lib/Channel.js");
  const [handlers, utils, constants] = await Promise.all(
    ["handlers.js", "utils.js", "constants.js"].map((name) => importPart<unknown>(name)),
  );
  return { Channel, handlers, utils, constants };
}

const importPart = <T>(name: string) => importFile<T>(`lib/protocol/${name}`);

async function importFile<T>(file: string): Promise<T> {
  // A bundler that leaves out ssh2 knows it by that name alone: this one is for Node to find.
  const path = ["ssh2", file].join("/");
  forgetLastStat();
  return ((await import(path)) as { default: T }).default;
}

/**
 * Makes the first attempt to log in together with the request for the service, which ssh2 waits for: a round trip less. A server that
 * does not have the service disconnects whatever follows. Where the server says nothing of what it takes signatures by (RFC 8308: it
 * is an old one), ssh2's order stays.
 * @param client that is connecting; {@link limitSignatures} comes before
 */
export function beginLoginAtOnce(client: Client): void {
  const { _protocol: protocol } = client as unknown as ClientInternals;
  const { _handlers: handlers, service: request } = protocol;
  const { EXT_INFO: note, SERVICE_ACCEPT: goOn } = handlers;
  let isRequested = false;
  let hasExtensions = false;
  let hasBegun = false;
  const begin = () => {
    if (hasBegun) return;
    hasBegun = true;
    goOn(protocol, "ssh-userauth");
  };
  protocol.service = (name) => {
    request.call(protocol, name);
    isRequested = true;
    if (hasExtensions) begin();
  };
  handlers.EXT_INFO = (sender, extensions) => {
    note(sender, extensions);
    hasExtensions = true;
    if (isRequested) begin();
  };
  handlers.SERVICE_ACCEPT = begin;
}

/**
 * Sends a key's signature without asking first whether the server takes the key (RFC 4252, 7): a round trip less. A signature is of
 * this session alone, so a server that does not take the key learns nothing by it, and counts it as it would count the question.
 * Keys of agents and those with a passphrase are asked for: their owner may be, too.
 * @param client that is connecting
 */
export function signAtOnce(client: Client): void {
  const { _protocol: protocol } = client as unknown as ClientInternals;
  const { authPK } = protocol;
  protocol.authPK = (username, key, algorithm, sign) => {
    if (sign !== undefined || !key.isPrivateKey()) return authPK.call(protocol, username, key, algorithm, sign);
    authPK.call(protocol, username, key, algorithm, (data, finish) => {
      const signature: Buffer | Error = key.sign(data, hashOf(algorithm));
      // After the server's answer ssh2 finds the same, and reports it.
      if (signature instanceof Error) authPK.call(protocol, username, key, algorithm);
      else finish(signature);
    });
  };
}

/** Of the algorithms that ssh2 signs by with RSA keys; undefined: the key's own. */
function hashOf(algorithm: string | undefined): string | undefined {
  if (algorithm === "rsa-sha2-256") return "sha256";
  if (algorithm === "rsa-sha2-512") return "sha512";
  return algorithm === "ssh-rsa" ? "sha1" : undefined;
}

/** Lets go by which further keys a host says it has: ssh2 has it sign by each of them, and nobody here would use the proofs. */
export function ignoreFurtherHostKeys(client: Client): void {
  const { _handlers: handlers } = (client as unknown as ClientInternals)._protocol;
  const { GLOBAL_REQUEST: goOn } = handlers;
  handlers.GLOBAL_REQUEST = (protocol, name, wantsReply, data) => {
    if (name !== "hostkeys-00@openssh.com") goOn(protocol, name, wantsReply, data);
  };
}

type Constants = Readonly<Record<`${"DEFAULT" | "SUPPORTED"}_${"KEX" | "CIPHER" | "MAC"}`, readonly string[]>>;

/** What this ssh2 can do with the cryptography of this machine. It is loaded here, like ssh2 itself. */
export async function readSsh2Algorithms(): Promise<Ssh2Algorithms> {
  const constants = await importPart<Constants>("constants.js");
  const listOf = (kind: "KEX" | "CIPHER" | "MAC") => ({
    defaults: constants[`DEFAULT_${kind}`],
    supported: constants[`SUPPORTED_${kind}`],
  });
  return {
    kex: listOf("KEX"),
    ciphers: listOf("CIPHER"),
    macs: listOf("MAC"),
    hostKeys: keyAlgorithms,
    publicKeys: keyAlgorithms,
  };
}
