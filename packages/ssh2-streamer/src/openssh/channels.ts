import type { Duplex } from "node:stream";
import { brokenPipe } from "@otto/errors";
import type { OpenFailure } from "../transport/transport.js";
import { encodeFields, FieldReader, WireError } from "./wire.js";

/** RFC 4254, 9. */
export const channelMessages = {
  channelOpen: 90,
  openConfirmation: 91,
  openFailure: 92,
  windowAdjust: 93,
  data: 94,
  extendedData: 95,
  eof: 96,
  close: 97,
  request: 98,
  success: 99,
  failure: 100,
} as const;

/** Bytes that a server may send ahead on one channel, as OpenSSH's own client lets it. */
const windowBytes = 2 << 20;
/** Bytes of data in one packet. An `ssh` reads a packet from us in pieces of 16 KiB. */
const packetBytes = 32 * 1024;

/** Who uses a channel. It is called from the moment on that the channel is open. */
export interface ChannelUser {
  onData(chunk: Buffer, isStderr: boolean): void;
  onEof(): void;
  /** A request that wants no answer. */
  onRequest(type: string, fields: FieldReader): void;
  /** The peer closed the channel: nothing comes after it. Not called on a loss. */
  onClose(): void;
}

interface Opening {
  resolve(outcome: OpenFailure | undefined): void;
  use(channel: Channel): void;
}

/** The channels of SSH's connection protocol over a stream of packets without encryption. */
export class Channels {
  readonly #stream: Duplex;
  readonly #openings = new Map<number, Opening>();
  readonly #channels = new Map<number, { readonly channel: Channel; readonly user: ChannelUser }>();
  #lastId = 0;
  #isLost = false;

  constructor(stream: Duplex) {
    this.#stream = stream;
  }

  /**
   * Opens a channel.
   * @param fields what the type of channel has besides, encoded
   * @param use called when it is open, before the next of what the peer says
   */
  open<User extends ChannelUser>(
    type: string,
    fields: Buffer,
    use: (channel: Channel) => User,
  ): Promise<{ readonly channel: Channel; readonly user: User } | OpenFailure> {
    if (this.#isLost) return Promise.resolve(unsent());
    this.#lastId = (this.#lastId + 1) >>> 0;
    const id = this.#lastId;
    return new Promise((resolve) => {
      this.#openings.set(id, {
        resolve: (failure) => failure && resolve(failure),
        use: (channel) => {
          const user = use(channel);
          this.#channels.set(id, { channel, user });
          resolve({ channel, user });
        },
      });
      const head = [{ string: type }, { uint32: id }, { uint32: windowBytes }, { uint32: packetBytes }];
      this.send(channelMessages.channelOpen, encodeFields(head), fields);
    });
  }

  /** Ends the waits of all channels: there is no peer any more. */
  lose(): void {
    this.#isLost = true;
    for (const opening of this.#openings.values()) opening.resolve(unsent());
    for (const { channel } of this.#channels.values()) channel.lose();
    this.#openings.clear();
    this.#channels.clear();
  }

  send(type: number, ...parts: readonly Buffer[]): void {
    this.sendPacket(type, parts);
  }

  /** @param onSent called when the stream has taken it */
  sendPacket(type: number, parts: readonly Buffer[], onSent?: () => void): void {
    if (this.#isLost) {
      onSent?.();
      return;
    }
    const length = parts.reduce((sum, part) => sum + part.length, 2);
    const head = Buffer.allocUnsafe(6);
    head.writeUInt32BE(length);
    head[4] = 0;
    head[5] = type;
    const last = parts.at(-1) ?? head;
    const before = parts.length === 0 ? [] : [head, ...parts.slice(0, -1)];
    this.#stream.cork();
    if (before.length > 0) this.#stream.write(Buffer.concat(before));
    this.#stream.write(last, onSent && (() => onSent()));
    this.#stream.uncork();
  }

  /** Takes a message of the peer, without the framing of its packet. @throws WireError when it is not what the protocol says */
  receive(body: Buffer): void {
    const fields = new FieldReader(body);
    const type = fields.byte();
    const id = fields.uint32();
    if (type === channelMessages.openConfirmation) this.#confirm(id, fields);
    else if (type === channelMessages.openFailure) this.#refuse(id, fields);
    else this.#pass(type, id, fields);
  }

  #pass(type: number, id: number, fields: FieldReader): void {
    const found = this.#channels.get(id);
    // What the peer sends while our close is under way to it, or what no channel of ours is meant by.
    if (found === undefined) return;
    if (type === channelMessages.close) this.#channels.delete(id);
    found.channel.receive(type, fields, found.user);
  }

  #confirm(id: number, fields: FieldReader): void {
    const opening = this.#takeOpening(id);
    const [remoteId, window, maxPacket] = [fields.uint32(), fields.uint32(), fields.uint32()];
    opening?.use(new Channel(this, { remoteId, window, maxPacket: Math.max(1, Math.min(maxPacket, packetBytes)) }));
  }

  #refuse(id: number, fields: FieldReader): void {
    const opening = this.#takeOpening(id);
    const reason = fields.uint32();
    const error = Object.assign(new Error(`(SSH) Channel open failure: ${fields.string().toString()}`), { reason });
    opening?.resolve({ why: "refused", reason, error });
  }

  #takeOpening(id: number): Opening | undefined {
    const opening = this.#openings.get(id);
    this.#openings.delete(id);
    return opening;
  }
}

interface Peer {
  readonly remoteId: number;
  readonly window: number;
  readonly maxPacket: number;
}

interface PendingWrite {
  readonly chunk: Buffer;
  readonly callback: ((error?: Error) => void) | undefined;
}

/** One open channel: what was sent and received of it, and the windows of both sides. */
export class Channel {
  readonly #channels: Channels;
  readonly #remote: Buffer;
  readonly #maxPacket: number;
  readonly #replies: ((isDone: boolean | undefined) => void)[] = [];
  #writes: PendingWrite[] = [];
  #window: number;
  #ownWindow = windowBytes;
  #consumed = 0;
  #hasSentEof = false;
  #hasSentClose = false;
  #hasPeerEnded = false;

  constructor(channels: Channels, { remoteId, window, maxPacket }: Peer) {
    this.#channels = channels;
    this.#remote = encodeFields([{ uint32: remoteId }]);
    this.#window = window;
    this.#maxPacket = maxPacket;
  }

  /** Whether the peer has ended its side. */
  get hasPeerEnded(): boolean {
    return this.#hasPeerEnded;
  }

  /** Sends data, as the peer's window allows it. @param callback called when it is sent, or with EPIPE when it cannot be */
  write(chunk: Buffer, callback?: (error?: Error) => void): void {
    if (this.#hasSentClose || this.#hasSentEof) callback?.(brokenPipe());
    else {
      this.#writes.push({ chunk, callback });
      this.#flush();
    }
  }

  /** Tells the peer that no more data comes. */
  end(): void {
    if (this.#hasSentEof || this.#hasSentClose) return;
    this.#hasSentEof = true;
    this.#channels.send(channelMessages.eof, this.#remote);
  }

  /** @returns whether the peer did it; undefined: the channel was closed first */
  request(type: string, fields: Buffer): Promise<boolean | undefined> {
    if (this.#hasSentClose) return Promise.resolve(undefined);
    this.#sendRequest(type, true, fields);
    return new Promise((resolve) => this.#replies.push(resolve));
  }

  /** As {@link request}, of which the peer is to say nothing. */
  notify(type: string, fields: Buffer): void {
    if (!this.#hasSentClose) this.#sendRequest(type, false, fields);
  }

  /** Says that data was taken: the peer may send as much more. */
  consume(bytes: number): void {
    this.#consumed += bytes;
    if (this.#consumed < windowBytes / 8 || this.#hasPeerEnded || this.#hasSentClose) return;
    this.#channels.send(channelMessages.windowAdjust, this.#remote, encodeFields([{ uint32: this.#consumed }]));
    this.#ownWindow += this.#consumed;
    this.#consumed = 0;
  }

  close(): void {
    if (this.#hasSentClose) return;
    this.#hasSentClose = true;
    this.#channels.send(channelMessages.close, this.#remote);
    this.#dropWrites();
  }

  /** There is no peer any more. */
  lose(): void {
    this.#hasSentClose = true;
    this.#dropWrites();
    for (const reply of this.#replies.splice(0)) reply(undefined);
  }

  /** Takes a message of the peer. */
  receive(type: number, fields: FieldReader, user: ChannelUser): void {
    switch (type) {
      case channelMessages.windowAdjust:
        this.#window = Math.min(this.#window + fields.uint32(), 0xffffffff);
        this.#flush();
        break;
      case channelMessages.data:
        this.#receiveData(fields, user, false);
        break;
      case channelMessages.extendedData:
        // There is one type of it: stderr.
        if (fields.uint32() === 1) this.#receiveData(fields, user, true);
        else this.consume(this.#count(fields.string()).length);
        break;
      case channelMessages.eof:
        this.#hasPeerEnded = true;
        user.onEof();
        break;
      case channelMessages.close:
        this.#receiveClose(user);
        break;
      case channelMessages.request:
        this.#receiveRequest(fields, user);
        break;
      case channelMessages.success:
      case channelMessages.failure:
        this.#replies.shift()?.(type === channelMessages.success);
        break;
    }
  }

  #receiveClose(user: ChannelUser): void {
    this.#hasPeerEnded = true;
    this.close();
    for (const reply of this.#replies.splice(0)) reply(undefined);
    user.onClose();
  }

  #receiveData(fields: FieldReader, user: ChannelUser, isStderr: boolean): void {
    const chunk = this.#count(fields.string());
    if (!this.#hasSentClose) user.onData(chunk, isStderr);
  }

  #count(chunk: Buffer): Buffer {
    this.#ownWindow -= chunk.length;
    if (this.#ownWindow < 0) throw new WireError("more data came than the window of a channel allows");
    return chunk;
  }

  #receiveRequest(fields: FieldReader, user: ChannelUser): void {
    const type = fields.string().toString();
    // sshd probes the client (ClientAliveInterval) by a request that no client knows.
    if (fields.boolean()) this.#channels.send(channelMessages.failure, this.#remote);
    else user.onRequest(type, fields);
  }

  #sendRequest(type: string, wantsReply: boolean, fields: Buffer): void {
    const head = encodeFields([{ string: type }, { boolean: wantsReply }]);
    this.#channels.send(channelMessages.request, this.#remote, head, fields);
  }

  #flush(): void {
    for (let first = this.#writes[0]; first !== undefined && this.#window > 0; first = this.#writes[0]) {
      const { chunk, callback } = first;
      const part = chunk.subarray(0, Math.min(this.#maxPacket, this.#window));
      this.#window -= part.length;
      const isLast = part.length === chunk.length;
      if (isLast) this.#writes.shift();
      else this.#writes[0] = { chunk: chunk.subarray(part.length), callback };
      const length = encodeFields([{ uint32: part.length }]);
      this.#channels.sendPacket(channelMessages.data, [this.#remote, length, part], isLast ? callback : undefined);
    }
  }

  #dropWrites(): void {
    for (const { callback } of this.#writes.splice(0)) callback?.(brokenPipe());
  }
}

/** A packet of OpenSSH's proxy mode: no padding, and no encryption. */
export function formatPacket(body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length + 1);
  return Buffer.concat([head, body]);
}

function unsent(): OpenFailure {
  return { why: "unsent", error: new Error("the connection ended before the channel was open") };
}
