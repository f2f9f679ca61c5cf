import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const meanBytes = 10_250;
const largestBytes = 1 << 20;
const directories = 40;
const subdirectories = 20;

/** Writes `count` files of some 10 KB, the same ones for the same seed; returns their bytes. */
export function writeTree(root, count, seed = 42) {
  const random = createRandom(seed);
  const noise = Buffer.from(Uint8Array.from({ length: 2 * largestBytes }, () => random() * 256));
  let total = 0;
  for (let index = 0; index < count; index++) {
    const directory = join(root, `d${index % directories}`, `s${Math.floor(index / directories) % subdirectories}`);
    const size = Math.min(largestBytes, Math.floor(-Math.log(1 - random()) * meanBytes));
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, `file-${index}.txt`), noise.subarray(index % 1000, (index % 1000) + size));
    total += size;
  }
  return total;
}

/** A fixed sequence (mulberry32). */
function createRandom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
