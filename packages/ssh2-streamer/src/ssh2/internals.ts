import type { Channel } from "ssh2";

// ssh2 1.17 names these in its own documentation comments only: `incoming.state` is "open", "eof" or "closed".
interface Internals {
  readonly incoming: { readonly state: string };
  readonly outgoing: { readonly id: number };
  readonly _client: { readonly _protocol: { signal(channelId: number, signal: string): void } };
}

/** Whether the server has ended its side: every byte it had to send is here. */
export function hasServerEnded(channel: Channel): boolean {
  return (channel as unknown as Internals).incoming.state !== "open";
}

/** Sends a signal. ssh2's own `channel.signal` does nothing once stdin is closed, which it is for most commands. */
export function sendSignal(channel: Channel, signal: string): void {
  const { _client, outgoing } = channel as unknown as Internals;
  _client._protocol.signal(outgoing.id, signal);
}
