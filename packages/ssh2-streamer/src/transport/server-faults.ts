/**
 * How many sessions a server can serve at once on one connection; `Infinity` where its refusals tell.
 *
 * Dropbear from 2022.82 to 2024.85 closes a session whose command it has not started yet whenever the process of another session
 * ends, and may start that command nevertheless, or end the connection.
 * @see https://github.com/mkj/dropbear/commit/71521d1b78706a70d3570b860e65234cefdc8c81
 * @param version what the server calls itself: `dropbear_2022.83`
 */
export function sessionLimitOf(version: string): number {
  const [, release] = /^dropbear_(\d{4}\.\d+)/.exec(version) ?? [];
  return Number(release) >= 2022.82 && Number(release) < 2024.86 ? 1 : Number.POSITIVE_INFINITY;
}

/** What newer sshd say to who comes too often, before they hang up; nothing but this function looks at the text. */
export function readDropWord(text: string): string | undefined {
  return /^(?:Exceeded MaxStartups|Not allowed at this time)(?=\r?$)/m.exec(text)?.[0];
}
