import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { readFields, writeBytes, writeVarint } from "./wire.js";

/** What the engine is told of one entry before it decides what it lacks. */
export interface Stat {
  /** Relative, `/`-separated; bytes, for names that are not UTF-8. */
  readonly path: Uint8Array;
  /** Go's `fs.FileMode` bits. */
  readonly mode: number;
  readonly sizeBytes: number;
  readonly mtimeNs: bigint;
  /** A symbolic link's target. */
  readonly linkname?: Uint8Array | undefined;
}

/** One message of a `DiffCopy` stream. `id` is the place of an entry among the stats. */
export type Packet =
  | { readonly type: "stat"; readonly stat: Stat | undefined }
  | { readonly type: "request"; readonly id: number }
  | { readonly type: "data"; readonly id: number; readonly data: Uint8Array }
  | { readonly type: "finish" }
  | { readonly type: "error"; readonly message: string };

const numbers = { stat: 0, request: 1, data: 2, finish: 3, error: 4 } as const;

/**
 * A packet in the parts that it is made of: a file's content is not copied.
 * @see https://github.com/tonistiigi/fsutil/blob/master/types/wire.proto
 */
export function encodePacket(packet: Packet): readonly Uint8Array[] {
  const writer = new BinaryWriter();
  writeVarint(writer, 1, numbers[packet.type]);
  if (packet.type === "stat" && packet.stat !== undefined) {
    writer.tag(2, WireType.LengthDelimited).bytes(encodeStat(packet.stat));
  }
  if (packet.type === "request" || packet.type === "data") writeVarint(writer, 3, packet.id);
  if (packet.type === "error") writeBytes(writer, 4, Buffer.from(packet.message));
  if (packet.type !== "data" || packet.data.length === 0) return [writer.finish()];
  writer.tag(4, WireType.LengthDelimited).uint32(packet.data.length);
  return [writer.finish(), packet.data];
}

/** Reads what an engine sends; its stats do not occur and are not read. */
export function decodePacket(message: Uint8Array): Packet {
  let type = 0;
  let id = 0;
  let data: Uint8Array = Buffer.alloc(0);
  for (const field of readFields(message)) {
    if ("value" in field && field.number === 1) type = Number(field.value);
    if ("value" in field && field.number === 3) id = Number(field.value);
    if ("bytes" in field && field.number === 4) data = field.bytes;
  }
  if (type === numbers.request) return { type: "request", id };
  if (type === numbers.data) return { type: "data", id, data };
  if (type === numbers.finish) return { type: "finish" };
  if (type === numbers.error) return { type: "error", message: Buffer.from(data).toString() };
  return { type: "stat", stat: undefined };
}

/** The owner is always 0, as the image's files shall be whoever builds. */
function encodeStat(stat: Stat): Uint8Array {
  const writer = new BinaryWriter();
  writeBytes(writer, 1, stat.path);
  writeVarint(writer, 2, stat.mode);
  writeVarint(writer, 5, stat.sizeBytes);
  writeVarint(writer, 6, stat.mtimeNs);
  writeBytes(writer, 7, stat.linkname ?? new Uint8Array());
  return writer.finish();
}
