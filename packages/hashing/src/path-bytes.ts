import { isUtf8 } from "node:buffer";

// A byte of a malformed sequence is kept as the lone surrogate U+DC00 + byte, as Python's "surrogateescape" does.
const escapeBase = 0xdc00;
const escaped = /[\udc80-\udcff]/;
const loneEscape = /\p{Cs}/gu;

/** Whether some byte of the name is not UTF-8, so that only {@link encodePath} gives the name the kernel knows. */
export function hasRawBytes(path: string): boolean {
  return escaped.test(path) && path.search(loneEscape) !== -1;
}

/** The name with each byte that is not UTF-8 shown as U+FFFD: for messages, and as Go's runes see it. */
export function printablePath(path: string): string {
  return escaped.test(path) ? path.replace(loneEscape, "\ufffd") : path;
}

/** Reads a file name of any bytes into a string from which {@link encodePath} gives the same bytes again. */
export function decodePath(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isUtf8(buffer)) return buffer.toString("utf8");
  const half = characterFrom(buffer, buffer.length >> 1);
  // No sequence goes on over its first byte: parts that are UTF-8 are read as a whole.
  if (half < buffer.length) return decodePath(buffer.subarray(0, half)) + decodePath(buffer.subarray(half));
  let path = "";
  for (let at = 0; at < buffer.length; ) {
    const length = sequenceLength(buffer, at);
    path +=
      length === 0 ? String.fromCharCode(escapeBase + (buffer[at] ?? 0)) : buffer.toString("utf8", at, at + length);
    at += length || 1;
  }
  return path;
}

/** The bytes of a file name that {@link decodePath} read, or of any well-formed string. */
export function encodePath(path: string): Buffer {
  if (!hasRawBytes(path)) return Buffer.from(path, "utf8");
  const parts: Buffer[] = [];
  for (const character of path) {
    const code = character.codePointAt(0) ?? 0;
    const raw = code >= escapeBase + 0x80 && code <= escapeBase + 0xff;
    parts.push(raw ? Buffer.of(code - escapeBase) : Buffer.from(character, "utf8"));
  }
  return Buffer.concat(parts);
}

/**
 * Orders paths as BuildKit sends them: by raw bytes, `/` before every other byte, so that a directory's entries follow
 * it at once.
 *
 * @see https://github.com/tonistiigi/fsutil ComparePath
 */
export function comparePaths(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) {
    const x = a.charCodeAt(at);
    const y = b.charCodeAt(at);
    if (x === y) continue;
    return x < 0x80 && y < 0x80 ? rank(x) - rank(y) : compareBytes(encodePath(a), encodePath(b));
  }
  return a.length - b.length;
}

function compareBytes(a: Buffer, b: Buffer): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) {
    const difference = rank(a[at] ?? 0) - rank(b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function rank(byte: number): number {
  return byte === 0x2f ? -1 : byte;
}

/** The first byte from there on that does not continue a character; the length when there is none. */
function characterFrom(bytes: Buffer, from: number): number {
  let at = Math.max(from, 1);
  while (at < bytes.length && ((bytes[at] ?? 0) & 0xc0) === 0x80) at += 1;
  return at;
}

/** Bytes of the well-formed sequence at `at`; 0 when there is none. */
function sequenceLength(bytes: Buffer, at: number): number {
  for (let length = 1; length <= 4 && at + length <= bytes.length; length++) {
    if (isUtf8(bytes.subarray(at, at + length))) return length;
  }
  return 0;
}
