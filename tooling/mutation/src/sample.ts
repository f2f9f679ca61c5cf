import { createRandom } from "@otto/lab";

/**
 * Chooses `count` of the items, the same ones for the same seed, in their order; all where there are no more (Fisher and
 * Yates).
 */
export function sample<T>(items: readonly T[], { seed, count }: { seed: number; count: number }): T[] {
  const random = createRandom(seed);
  const places = items.map((_, place) => place);
  for (let at = 0; at < Math.min(count, places.length); at += 1) {
    const other = at + random(places.length - at);
    [places[at], places[other]] = [places[other] as number, places[at] as number];
  }
  const chosen = new Set(places.slice(0, count));
  return items.filter((_, place) => chosen.has(place));
}
