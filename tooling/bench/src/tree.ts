import { randomInt } from "node:crypto";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createNoise, createRandom } from "@otto/lab";

const largestBytes = 1 << 20;
const directories = 40;
const subdirectories = 20;
const resolution = 2 ** 24;

export interface TreeShape {
  readonly count: number;
  /** Default 10,250. */
  readonly meanBytes?: number;
  readonly seed?: number;
}

/** Writes files of some 10 KB in 800 directories, the same ones for the same seed. */
export function writeSmallFiles(root: string, { count, meanBytes = 10_250, seed = 42 }: TreeShape): void {
  const random = createRandom(seed);
  const noise = createNoise(2 * largestBytes, seed);
  for (let index = 0; index < count; index += 1) {
    const directory = join(root, `d${index % directories}`, `s${Math.floor(index / directories) % subdirectories}`);
    const size = Math.min(largestBytes, Math.floor(-Math.log(1 - random(resolution) / resolution) * meanBytes));
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, `file-${index}.txt`), noise.subarray(index % 1000, (index % 1000) + size));
  }
}

/** Writes `count` files of `bytes` of noise each. */
export function writeLargeFiles(root: string, count: number, bytes: number): void {
  mkdirSync(root, { recursive: true });
  for (let index = 0; index < count; index += 1) writeFileSync(join(root, `file-${index}`), noiseOf(bytes));
}

/** Other bytes in each call. */
export function noiseOf(bytes: number): Buffer {
  return createNoise(bytes, randomInt(2 ** 31));
}

export function countFiles(root: string): number {
  return readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length;
}
