import { encodePath, hasRawBytes } from "./path-bytes.js";

const blockBytes = 512;

/**
 * For writers of tar that know names of UTF-8 alone: the PAX header that gives the next entry a name and link target with
 * other bytes; nothing when both are text. It has the one that is text, too: such a writer may put a header of its own behind
 * this one, of which readers know only the last, so it must find no reason to in what it is given in their place.
 *
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html
 */
export function encodeRawNames(path: string, target: string, mtime: Date): Buffer | undefined {
  if (!hasRawBytes(path) && !hasRawBytes(target)) return undefined;
  const records = [encodeRecord("path", encodePath(path))];
  if (target !== "") records.push(encodeRecord("linkpath", encodePath(target)));
  const body = Buffer.concat(records);
  const padding = Buffer.alloc((blockBytes - (body.length % blockBytes)) % blockBytes);
  return Buffer.concat([encodeHeader(body.length, mtime), body, padding]);
}

/** A record begins with its own length, which counts its own digits. */
function encodeRecord(key: string, value: Buffer): Buffer {
  const rest = ` ${key}=\n`.length + value.length;
  let length = rest + String(rest).length;
  if (rest + String(length).length > length) length += 1;
  return Buffer.concat([Buffer.from(`${length} ${key}=`), value, Buffer.from("\n")]);
}

/** A ustar header of type `x`. */
function encodeHeader(size: number, mtime: Date): Buffer {
  const block = Buffer.alloc(blockBytes);
  block.write("PaxHeader", 0);
  block.write(octal(0o644, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(mtime.getTime() / 1000, 11), 136);
  block.write("        x", 148);
  block.write("ustar\u000000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148);
  return block;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}
