import { forgetLastStat } from "@otto/errors";
import type { Channel, Client } from "ssh2";
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

interface ClientInternals {
  readonly _protocol: {
    readonly _handlers: {
      EXT_INFO: (protocol: unknown, extensions: readonly Extension[]) => void;
      SERVICE_ACCEPT: (protocol: unknown, service: string) => void;
      USERAUTH_FAILURE: (protocol: unknown, methods: readonly string[], isPartial: boolean) => void;
    };
  };
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

async function importPart<T>(name: string): Promise<T> {
  // A bundler that leaves out ssh2 knows it by that name alone: this one is for Node to find.
  const path = ["ssh2", `lib/protocol/${name}`].join("/");
  forgetLastStat();
  return ((await import(path)) as { default: T }).default;
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
