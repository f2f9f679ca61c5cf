import { BinaryReader, type BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** One field of a message: bytes for strings, byte fields and messages, a number for varints. */
export type Field =
  | { readonly number: number; readonly bytes: Uint8Array }
  | { readonly number: number; readonly value: bigint };

/** The fields of an encoded message, as they come; kinds that BuildKit's messages do not use are passed over. */
export function* readFields(message: Uint8Array): Generator<Field> {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (type === WireType.LengthDelimited) yield { number, bytes: reader.bytes() };
    else if (type === WireType.Varint) yield { number, value: BigInt(reader.uint64()) };
    else reader.skip(type);
  }
}

/** Field number to its last value, as text. */
export function readTexts(message: Uint8Array): Map<number, string> {
  const texts = new Map<number, string>();
  for (const field of readFields(message))
    if ("bytes" in field) texts.set(field.number, Buffer.from(field.bytes).toString());
  return texts;
}

export function writeBytes(writer: BinaryWriter, number: number, bytes: Uint8Array): BinaryWriter {
  return bytes.length === 0 ? writer : writer.tag(number, WireType.LengthDelimited).bytes(bytes);
}

export function writeVarint(writer: BinaryWriter, number: number, value: number | bigint): BinaryWriter {
  return BigInt(value) === 0n ? writer : writer.tag(number, WireType.Varint).int64(BigInt(value));
}
