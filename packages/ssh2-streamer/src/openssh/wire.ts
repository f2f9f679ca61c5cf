/** A message that is not what its protocol says. */
export class WireError extends Error {}

type Field =
  | { readonly byte: number }
  | { readonly uint32: number }
  | { readonly boolean: boolean }
  | { readonly string: string | Buffer };

/** Encodes fields in the data types of RFC 4251, 5. */
export function encodeFields(fields: readonly Field[]): Buffer {
  return Buffer.concat(fields.map(encodeField));
}

function encodeField(field: Field): Buffer {
  if ("byte" in field) return Buffer.of(field.byte);
  if ("boolean" in field) return Buffer.of(field.boolean ? 1 : 0);
  if ("uint32" in field) return encodeUint32(field.uint32);
  const bytes = Buffer.from(field.string);
  return Buffer.concat([encodeUint32(bytes.length), bytes]);
}

function encodeUint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Reads the fields of one message, in their order. @throws WireError when it ends before a field does */
export class FieldReader {
  readonly #message: Buffer;
  #at = 0;

  constructor(message: Buffer) {
    this.#message = message;
  }

  byte(): number {
    return this.#take(1).readUInt8();
  }

  boolean(): boolean {
    return this.byte() !== 0;
  }

  uint32(): number {
    return this.#take(4).readUInt32BE();
  }

  /** A part of the message, not a copy. */
  string(): Buffer {
    return this.#take(this.uint32());
  }

  #take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#message.length) throw new WireError(`a message of ${this.#message.length} bytes is too short`);
    const field = this.#message.subarray(this.#at, end);
    this.#at = end;
    return field;
  }
}

/** The longest message of an `ssh`, and some more: its packets end at 256 KiB. */
const longestMessage = 512 * 1024;

/** Cuts a stream into messages that each have their length before them. */
export class MessageReader {
  /** Of what comes next: a length, or the message that it belongs to. */
  #wanted = 4;
  #isLength = true;
  /** What came of it, when it did not come in one piece. */
  #part: Buffer | undefined;
  #filled = 0;

  /**
   * Takes a piece of the stream, and gives each message that is complete: a part of the piece where that holds all of it.
   * @throws WireError at a length that no message has
   */
  push(chunk: Buffer, onMessage: (message: Buffer) => void): void {
    for (let at = 0; at < chunk.length; ) {
      const piece = chunk.subarray(at, at + this.#wanted - this.#filled);
      at += piece.length;
      const whole = this.#add(piece);
      if (whole === undefined) return;
      if (this.#isLength) this.#expect(whole.readUInt32BE());
      else {
        this.#isLength = true;
        this.#wanted = 4;
        onMessage(whole);
      }
    }
  }

  #add(piece: Buffer): Buffer | undefined {
    if (this.#part === undefined && piece.length === this.#wanted) return piece;
    this.#part ??= Buffer.allocUnsafe(this.#wanted);
    this.#filled += piece.copy(this.#part, this.#filled);
    if (this.#filled < this.#wanted) return undefined;
    const whole = this.#part;
    this.#part = undefined;
    this.#filled = 0;
    return whole;
  }

  #expect(length: number): void {
    if (length < 2 || length > longestMessage) throw new WireError(`no message has ${length} bytes`);
    this.#isLength = false;
    this.#wanted = length;
  }
}
