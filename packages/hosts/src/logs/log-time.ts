const units = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;
const span = /^(?:\d+(?:\.\d+)?(?:ms|h|m|s))+$/;
const part = /(\d+(?:\.\d+)?)(ms|h|m|s)/g;

/**
 * What `--since` may say: a span before `now` (`90s`, `1h30m`), seconds since 1970, or a date and time (RFC 3339, without a
 * zone in UTC).
 * @returns seconds since 1970, with up to nine decimals
 * @throws TypeError for anything else
 */
export function parseLogTime(since: Date | string, now: () => Date): string {
  if (since instanceof Date) return toSeconds(since.getTime());
  if (/^\d+(\.\d{1,9})?$/.test(since)) return since;
  if (span.test(since)) return toSeconds(now().getTime() - toMs(since));
  const exact = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?)?$/i.exec(since);
  const [, day = "", time = "00:00", fraction = "", zone = "Z"] = exact ?? [];
  const ms = Date.parse(`${day}T${time}${zone.toUpperCase()}`);
  if (exact === null || Number.isNaN(ms)) {
    throw new TypeError(
      `no time: ${since}; write a span (10m, 1h30m), a date (2026-01-31T12:00:00Z) or seconds since 1970`,
    );
  }
  return fraction === "" ? String(ms / 1000) : `${ms / 1000}.${fraction}`;
}

/** Whether the text is a span of time before now. */
export function isSpan(since: Date | string): boolean {
  return typeof since === "string" && span.test(since);
}

function toMs(text: string): number {
  return [...text.matchAll(part)].reduce((sum, [, count, unit]) => sum + Number(count) * units[unit as "s"], 0);
}

function toSeconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
