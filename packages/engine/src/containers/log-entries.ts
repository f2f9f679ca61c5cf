import { OttoError } from "@otto/errors";
import { ByteQueue } from "../connection/byte-queue.js";
import { type Frame, streamOf } from "./multiplexed-stream.js";

/** What an engine kept of one write to a container's output: a line, or a piece of a long one. */
export interface LogEntry {
  readonly stream: Frame["stream"];
  /** `2026-01-31T12:00:00.123456789Z`; always nine decimals and UTC, so it sorts as text. Pieces of a line share it. */
  readonly timestamp: string;
  /** Without the line's end. */
  readonly bytes: Buffer;
  /** False for a piece that another one, or nothing, follows. */
  readonly endsLine: boolean;
}

const headerBytes = 8;
// The engine (20.10 to 28) cuts a longer line into pieces of exactly this.
const pieceBytes = 16 * 1024;
const longestTimestamp = 40;
const longestFrameBytes = 1 << 20;

/**
 * Decodes a container's log, read with timestamps, piece by piece: a loop that waits for each of a million entries takes longer
 * than the network. Each frame is one entry; a container with a terminal has no frames, so
 * its entries are told apart by newlines and by the size of a piece.
 * @throws OttoError `ENGINE_STREAM_INVALID`
 */
export function decodeLog(
  source: AsyncIterable<Buffer>,
  { tty }: { tty: boolean },
): AsyncGenerator<readonly LogEntry[]> {
  return tty ? decodeRaw(source) : decodeFrames(source);
}

async function* decodeFrames(source: AsyncIterable<Buffer>): AsyncGenerator<LogEntry[]> {
  const held = new ByteQueue();
  for await (const chunk of source) {
    held.push(chunk);
    const entries: LogEntry[] = [];
    for (let entry = takeFrame(held); entry !== undefined; entry = takeFrame(held)) entries.push(entry);
    if (entries.length > 0) yield entries;
  }
  if (held.length > 0) throw invalid("it ends within a frame");
}

function takeFrame(held: ByteQueue): LogEntry | undefined {
  if (held.length < headerBytes) return undefined;
  const header = held.peek(headerBytes);
  const size = headerBytes + header.readUInt32BE(4);
  if (size > longestFrameBytes) throw invalid("a frame is longer than 1 MiB");
  if (held.length < size) return undefined;
  return toEntry(streamOf(header[0]), held.take(size).subarray(headerBytes), { tty: false });
}

async function* decodeRaw(source: AsyncIterable<Buffer>): AsyncGenerator<LogEntry[]> {
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of source) {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const entries: LogEntry[] = [];
    for (let taken = takeRaw(held); taken !== undefined; taken = takeRaw(held)) {
      held = held.subarray(taken.size);
      entries.push(taken.entry);
    }
    if (entries.length > 0) yield entries;
  }
  if (held.length > 0) yield [toEntry("stdout", held, { tty: true })];
}

interface Taken {
  readonly entry: LogEntry;
  readonly size: number;
}

function takeRaw(held: Buffer): Taken | undefined {
  const start = held.subarray(0, longestTimestamp).indexOf(" ") + 1;
  const newline = held.indexOf("\n");
  const size = newline === -1 ? Number.POSITIVE_INFINITY : newline + 1;
  const longest = start + pieceBytes;
  if (size <= longest + 1) return { entry: toEntry("stdout", held.subarray(0, size), { tty: true }), size };
  if (held.length <= longest) return undefined;
  return { entry: toEntry("stdout", held.subarray(0, longest), { tty: true }), size: longest };
}

function toEntry(stream: Frame["stream"], stamped: Buffer, { tty }: { tty: boolean }): LogEntry {
  const space = stamped.subarray(0, longestTimestamp).indexOf(" ");
  const line = stamped.subarray(space + 1);
  const endsLine = line.at(-1) === 0x0a;
  const withoutNewline = endsLine ? line.subarray(0, -1) : line;
  // A terminal makes \r\n of each \n.
  const bytes = tty && endsLine && withoutNewline.at(-1) === 0x0d ? withoutNewline.subarray(0, -1) : withoutNewline;
  return { stream, timestamp: toUtc(stamped.toString("latin1", 0, Math.max(space, 0))), bytes, endsLine };
}

/** The `local` log driver tells times in the engine's own zone. */
function toUtc(text: string): string {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (match === null) throw invalid("a line without its time");
  const [, seconds = "", fraction = "", zone = "Z"] = match;
  return `${secondsToUtc(`${seconds}${zone}`)}.${fraction.padEnd(9, "0")}Z`;
}

/** What was converted last: thousands of lines are of one second. */
let converted = { local: "", utc: "" };

function secondsToUtc(local: string): string {
  if (converted.local === local) return converted.utc;
  const date = new Date(local);
  if (Number.isNaN(date.getTime())) throw invalid("a line without its time");
  converted = { local, utc: date.toISOString().slice(0, 19) };
  return converted.utc;
}

function invalid(reason: string): OttoError {
  return new OttoError("ENGINE_STREAM_INVALID", `reading a container's log: ${reason}`);
}
