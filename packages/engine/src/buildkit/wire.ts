import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { OttoError } from "@otto/errors";

/** One field of a message: bytes for strings, byte fields and messages, a number for varints. */
export type Field =
  | { readonly number: number; readonly bytes: Uint8Array }
  | { readonly number: number; readonly value: bigint };

/**
 * The fields of an encoded message, as they come; kinds that BuildKit's messages do not use are passed over.
 * @throws OttoError `ENGINE_STREAM_INVALID` for what is no message
 */
export function* readFields(message: Uint8Array): Generator<Field> {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const field = readField(reader);
    if (field !== undefined) yield field;
  }
}

function readField(reader: BinaryReader): Field | undefined {
  try {
    const [number, type] = reader.tag();
    if (type === WireType.LengthDelimited) return { number, bytes: reader.bytes() };
    if (type === WireType.Varint) return { number, value: BigInt(reader.uint64()) };
    reader.skip(type);
    return undefined;
  } catch (cause) {
    throw new OttoError("ENGINE_STREAM_INVALID", "reading what BuildKit says: it is no protocol buffer", { cause });
  }
}

/** Field 1 as bytes: all that many of BuildKit's small messages have. */
export function readFirstBytes(message: Uint8Array): Uint8Array {
  for (const field of readFields(message)) if (field.number === 1 && "bytes" in field) return field.bytes;
  return new Uint8Array();
}

export function readFirstText(message: Uint8Array): string {
  return Buffer.from(readFirstBytes(message)).toString();
}

/** A message whose field 1 is `bytes`. */
export function writeFirstBytes(bytes: Uint8Array): Buffer {
  return Buffer.from(writeBytes(new BinaryWriter(), 1, bytes).finish());
}

export function writeBytes(writer: BinaryWriter, number: number, bytes: Uint8Array): BinaryWriter {
  return bytes.length === 0 ? writer : writer.tag(number, WireType.LengthDelimited).bytes(bytes);
}

export function writeVarint(writer: BinaryWriter, number: number, value: number | bigint): BinaryWriter {
  return BigInt(value) === 0n ? writer : writer.tag(number, WireType.Varint).int64(BigInt(value));
}
