const unitsMs = { s: 1000, m: 60_000, h: 3_600_000 } as const;
/** A day: what nobody uses for longer is forgotten, and stays open. */
const longestMs = 24 * unitsMs.h;

export const persistWords = 'must be a time from 1s to 24h, as "10m"';

export function isPersistTime(text: string): boolean {
  return readMs(text) !== undefined;
}

/** How long an idle connection is kept, in ms; undefined: not at all. */
export function toPersistMs(persist: string | false | null | undefined): number | undefined {
  return typeof persist === "string" ? readMs(persist) : undefined;
}

function readMs(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,5})([smh])$/.exec(text) ?? [];
  if (unit === undefined) return undefined;
  const ms = Number(count) * unitsMs[unit as keyof typeof unitsMs];
  return ms >= unitsMs.s && ms <= longestMs ? ms : undefined;
}
