/** The seed of a random test: `OTTO_SEED`, else another one in each run. A test names it in its title. */
export function readSeed(): number {
  return Number(process.env.OTTO_SEED ?? Date.now() % 2 ** 31);
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
