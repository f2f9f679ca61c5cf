import { channelMessages as messages } from "../openssh/channels.js";
import { encodeFields, FieldReader, WireError } from "../openssh/wire.js";

/** RFC 4254, 5.1. */
const resourceShortage = 4;

interface RelayedChannel {
  /** Undefined once its client is gone. */
  client: RelayClient | undefined;
  readonly clientId: number;
  readonly ownId: number;
  readonly isSession: boolean;
  serverId: number | undefined;
  hasClientClosed: boolean;
  hasServerClosed: boolean;
}

/** Who has channels on the connection. */
export interface RelayClient {
  /** Gets a message of the server, with the numbers of channels that the client knows. */
  send(message: Buffer): void;
}

export interface RelaySetting {
  /** Sends a message to the server. */
  readonly send: (message: Buffer) => void;
  /** Sessions that the server serves at once. */
  readonly sessionLimit: number;
}

/**
 * The channels of one connection, shared by clients that know nothing of each other: each numbers its own from 1. Data passes
 * unread, and so do windows: a client that does not read holds nobody else.
 */
export class ChannelRelay {
  readonly #setting: RelaySetting;
  readonly #byOwnId = new Map<number, RelayedChannel>();
  readonly #byServerId = new Map<number, RelayedChannel>();
  #lastId = 0;

  constructor(setting: RelaySetting) {
    this.#setting = setting;
  }

  /** Channels that are open, or about to be. */
  get size(): number {
    return this.#byOwnId.size;
  }

  /** Takes a message of a client. @throws WireError when it is not what the protocol says */
  receive(client: RelayClient, message: Buffer): void {
    const fields = new FieldReader(message);
    const type = fields.byte();
    if (type === messages.channelOpen) {
      this.#open(client, message, fields);
      return;
    }
    // What else a server takes is for the connection of all.
    if (type < messages.windowAdjust || type > messages.failure) throw new WireError(`a message of type ${type}`);
    const serverId = fields.uint32();
    const channel = this.#byServerId.get(serverId);
    if (channel === undefined || channel.client !== client || channel.hasClientClosed) return;
    this.#setting.send(message);
    if (type !== messages.close) return;
    channel.hasClientClosed = true;
    this.#forgetEnded(channel);
  }

  /** Takes a message of the server about a channel. */
  receiveFromServer(message: Buffer): void {
    const fields = new FieldReader(message);
    const type = fields.byte();
    const channel = this.#byOwnId.get(fields.uint32());
    if (channel === undefined) return;
    if (type === messages.openConfirmation) this.#confirm(channel, fields.uint32());
    // sshd probes a client (ClientAliveInterval) by such a request: one that stands still must not end the connection of all.
    if (type === messages.request && this.#answerRequest(channel, fields)) return;
    if (type === messages.close) channel.hasServerClosed = true;
    if (type === messages.openFailure) this.#forget(channel);
    channel.client?.send(withId(message, channel.clientId));
    if (channel.hasServerClosed) this.#closeAbandoned(channel);
    this.#forgetEnded(channel);
  }

  /** Closes the channels of a client that is gone. */
  leave(client: RelayClient): void {
    for (const channel of [...this.#byOwnId.values()]) {
      if (channel.client !== client) continue;
      channel.client = undefined;
      this.#closeAbandoned(channel);
      this.#forgetEnded(channel);
    }
  }

  #open(client: RelayClient, message: Buffer, fields: FieldReader): void {
    const type = fields.string();
    const clientId = fields.uint32();
    const isSession = type.toString("latin1") === "session";
    if (isSession && this.#countSessions() >= this.#setting.sessionLimit) {
      const refusal = [{ byte: messages.openFailure }, { uint32: clientId }, { uint32: resourceShortage }];
      client.send(encodeFields([...refusal, { string: "the server serves no more sessions at once" }, { string: "" }]));
      return;
    }
    this.#lastId = (this.#lastId + 1) >>> 0;
    const ownId = this.#lastId;
    const state = { serverId: undefined, hasClientClosed: false, hasServerClosed: false };
    this.#byOwnId.set(ownId, { client, clientId, ownId, isSession, ...state });
    this.#setting.send(withId(message, ownId, 5 + type.length));
  }

  #confirm(channel: RelayedChannel, serverId: number): void {
    channel.serverId = serverId;
    this.#byServerId.set(serverId, channel);
    if (channel.client === undefined) this.#closeAbandoned(channel);
  }

  /** @returns whether it wants an answer, which it has got */
  #answerRequest({ serverId }: RelayedChannel, fields: FieldReader): boolean {
    fields.string();
    if (!fields.boolean() || serverId === undefined) return false;
    this.#setting.send(encodeFields([{ byte: messages.failure }, { uint32: serverId }]));
    return true;
  }

  #closeAbandoned(channel: RelayedChannel): void {
    const { client, serverId } = channel;
    if (client !== undefined || serverId === undefined || channel.hasClientClosed) return;
    channel.hasClientClosed = true;
    this.#setting.send(encodeFields([{ byte: messages.close }, { uint32: serverId }]));
  }

  #forgetEnded(channel: RelayedChannel): void {
    if (channel.hasClientClosed && channel.hasServerClosed) this.#forget(channel);
  }

  #forget({ ownId, serverId }: RelayedChannel): void {
    this.#byOwnId.delete(ownId);
    if (serverId !== undefined) this.#byServerId.delete(serverId);
  }

  #countSessions(): number {
    return [...this.#byOwnId.values()].filter(({ isSession }) => isSession).length;
  }
}

/** @param at where the number of the channel stands */
function withId(message: Buffer, id: number, at = 1): Buffer {
  const copy = Buffer.from(message);
  copy.writeUInt32BE(id, at);
  return copy;
}
