import { createCipheriv, createHash } from "node:crypto";

/** The seed of a random test: `OTTO_SEED`, which is one for all tests of a run, else another one in each run. */
export function readSeed(): number {
  return Number(process.env.OTTO_SEED ?? Date.now() % 2 ** 31);
}

/** What a random test tries. */
export interface RandomRun {
  readonly seed: number;
  /** How many cases. */
  readonly count: number;
  /** Both as the environment takes them back: `OTTO_CUTS=10 OTTO_SEED=4`. A test has it in its title. */
  readonly label: string;
}

/** The size of a random test, which is `count` unless the environment's `variable` has another, and its seed. */
export function readRandomRun(variable: string, count: number): RandomRun {
  const run = { seed: readSeed(), count: Number(process.env[variable] ?? count) };
  return { ...run, label: `${variable}=${run.count} OTTO_SEED=${run.seed}` };
}

/** Whole numbers from 0 to below `limit`, the same ones for the same seed (mulberry32). */
export function createRandom(seed: number): (limit: number) => number {
  let state = seed | 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}

/** Bytes that do not compress, the same ones for the same seed. */
export function createNoise(sizeBytes: number, seed: number = readSeed()): Buffer {
  // A cipher makes gigabytes in the time in which arithmetic of our own makes megabytes.
  const key = createHash("md5").update(String(seed)).digest();
  return createCipheriv("aes-128-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(sizeBytes));
}
