import type { LogLine } from "./log-line.js";

type Place = Pick<LogLine, "stream" | "timestamp">;

/**
 * The engine stamps the lines of the two outputs apart, so that a log is not quite in the order of its times, and a log
 * that is full loses its first lines: so a reader that goes on looks back this far and knows each line again.
 */
const lookBackSeconds = 1;
const smallestPrune = 1024;

/** How far a reader has come in a container's log, so that it can go on after an interruption, missing and repeating nothing. */
export class LogPosition {
  #passed: Place[] = [];
  #first: string | undefined;
  #newest = "";
  #pruneAt = smallestPrune;
  #known = new Map<string, number>();

  /** The time to read on from; undefined: no line has been passed. From now on lines that were passed come again. */
  resume(): string | undefined {
    this.#known = countOf(this.#passed);
    if (this.#first === undefined) return undefined;
    // What lies before the first line was not wanted.
    return [lookBackFrom(this.#newest), this.#first].toSorted().at(-1);
  }

  /** Whether the line has not been passed before. */
  pass(place: Place): boolean {
    if (this.#known.size > 0 && this.#isKnown(place)) return false;
    this.#note(place);
    return true;
  }

  #isKnown(place: Place): boolean {
    const key = keyOf(place);
    const times = this.#known.get(key) ?? 0;
    if (times > 0) this.#known.set(key, times - 1);
    return times > 0;
  }

  #note({ stream, timestamp }: Place): void {
    this.#passed.push({ stream, timestamp });
    if (this.#first === undefined || timestamp < this.#first) this.#first = timestamp;
    if (timestamp > this.#newest) this.#newest = timestamp;
    if (this.#passed.length < this.#pruneAt) return;
    const from = lookBackFrom(this.#newest);
    this.#passed = this.#passed.filter((passed) => passed.timestamp >= from);
    this.#pruneAt = Math.max(smallestPrune, 2 * this.#passed.length);
  }
}

function keyOf({ stream, timestamp }: Place): string {
  return `${timestamp} ${stream}`;
}

function countOf(places: readonly Place[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const place of places) counts.set(keyOf(place), (counts.get(keyOf(place)) ?? 0) + 1);
  return counts;
}

function lookBackFrom(timestamp: string): string {
  const [whole = "", fraction = ""] = timestamp.split(".");
  const earlier = new Date(Date.parse(`${whole}Z`) - lookBackSeconds * 1000).toISOString();
  return `${earlier.slice(0, 19)}.${fraction}`;
}

/** As the engine takes times: seconds since 1970, with nine decimals. */
export function toEngineTime(timestamp: string): string {
  const [whole = "", fraction = ""] = timestamp.split(".");
  return `${Date.parse(`${whole}Z`) / 1000}.${fraction.slice(0, 9)}`;
}
