import type { Channel, Client } from "ssh2";

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

interface ClientInternals {
  readonly _protocol: {
    readonly _handlers: {
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

/** What the server calls itself: `OpenSSH_9.2p1 Debian-2`, `dropbear_2022.83`. */
export function serverVersion(client: Client): string {
  return (client as unknown as ClientInternals)._remoteVer;
}
