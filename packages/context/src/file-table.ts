import type { BigIntStats } from "node:fs";

const digestBytes = 32;
// Five 64-bit numbers, the mode with a flag, the state, the digest.
const recordBytes = 5 * 8 + 4 + 4 + digestBytes;
const recordWords = recordBytes / 4;

/** What became of a file: not read yet, read, or to be read again by the thread that can say what is wrong. */
export type FileState = "todo" | "done" | "again";
const states: readonly FileState[] = ["todo", "done", "again"];

/**
 * Stat and digest of many files, in memory that threads share and a file can hold as it is. Two threads never write the
 * same record.
 */
export interface FileTable {
  readonly memory: SharedArrayBuffer;
  readonly bytes: Buffer;
  readonly numbers: BigInt64Array;
  readonly words: Uint32Array;
}

/** A table with room for `length` files, all of them still to be read. */
export function createFileTable(length: number): FileTable {
  return openFileTable(new SharedArrayBuffer(length * recordBytes));
}

export function openFileTable(memory: SharedArrayBuffer): FileTable {
  return {
    memory,
    bytes: Buffer.from(memory),
    numbers: new BigInt64Array(memory),
    words: new Uint32Array(memory),
  };
}

export function tableBytes(length: number): number {
  return length * recordBytes;
}

export function stateOf({ words }: FileTable, index: number): FileState {
  return states[words[wordAt(index) + 1] ?? 0] ?? "todo";
}

export function setState({ words }: FileTable, index: number, state: FileState): void {
  words[wordAt(index) + 1] = states.indexOf(state);
}

/**
 * Sets the record of a file that was read.
 *
 * @param digest a character a byte
 */
export function setRecord(table: FileTable, index: number, stats: BigIntStats, digest: string): void {
  const { bytes, numbers, words } = table;
  const at = numberAt(index);
  numbers[at] = stats.mtimeNs;
  numbers[at + 1] = stats.ctimeNs;
  numbers[at + 2] = stats.ino;
  numbers[at + 3] = stats.dev;
  numbers[at + 4] = stats.size;
  words[wordAt(index)] = modeWord(stats);
  bytes.write(digest, digestAt(index), "latin1");
  setState(table, index, "done");
}

/** Whether the file still has this stat. */
export function hasStats({ numbers, words }: FileTable, index: number, stats: BigIntStats): boolean {
  const at = numberAt(index);
  return (
    numbers[at] === stats.mtimeNs &&
    numbers[at + 1] === stats.ctimeNs &&
    numbers[at + 2] === BigInt.asIntN(64, stats.ino) &&
    numbers[at + 3] === BigInt.asIntN(64, stats.dev) &&
    numbers[at + 4] === stats.size &&
    words[wordAt(index)] === modeWord(stats)
  );
}

/** The later of the times at which the file and its inode changed, in nanoseconds. */
export function changedNs({ numbers }: FileTable, index: number): bigint {
  const [mtime = 0n, ctime = 0n] = [numbers[numberAt(index)], numbers[numberAt(index) + 1]];
  if (mtime > ctime) return mtime;
  return ctime;
}

export function copyRecord(from: FileTable, fromIndex: number, to: FileTable, toIndex: number): void {
  const [source, target] = [fromIndex * recordWords, toIndex * recordWords];
  for (let word = 0; word < recordWords; word++) to.words[target + word] = from.words[source + word] ?? 0;
}

export function sizeOf({ numbers }: FileTable, index: number): number {
  return Number(numbers[numberAt(index) + 4]);
}

export function isExecutable({ words }: FileTable, index: number): boolean {
  return ((words[wordAt(index)] ?? 0) & 0o100) !== 0;
}

/** The permission bits. */
export function modeOf({ words }: FileTable, index: number): number {
  return (words[wordAt(index)] ?? 0) & 0o777;
}

const hasNames = 0x8000_0000;

/** The mode, and whether the file has other names. */
function modeWord({ mode, nlink }: BigIntStats): number {
  return Number(mode) + (nlink > 1n ? hasNames : 0);
}

/** What the names of one file have in common; undefined for a file with one name. */
export function fileKeyOf({ numbers, words }: FileTable, index: number): string | undefined {
  if ((words[wordAt(index)] ?? 0) < hasNames) return undefined;
  const at = numberAt(index);
  return `${numbers[at + 3]}:${numbers[at + 2]}`;
}

export function digestOf({ bytes }: FileTable, index: number): string {
  const at = digestAt(index);
  return bytes.toString("hex", at, at + digestBytes);
}

function numberAt(index: number): number {
  return (index * recordBytes) / 8;
}

function wordAt(index: number): number {
  return (index * recordBytes + 40) / 4;
}

function digestAt(index: number): number {
  return index * recordBytes + 48;
}
