import { nearestWord, OttoError } from "@otto/errors";

interface Hopping {
  readonly id: string;
  readonly hop?: string;
  readonly source?: string;
}

/**
 * Refuses a lab in which a way to a host is broken or endless.
 *
 * @param declared ids of the hosts of all labs, to say that a hop is in another one
 * @throws `LAB_UNKNOWN_HOP`, `LAB_HOP_CYCLE`
 */
export function checkHops(hosts: readonly Hopping[], declared: readonly string[]): void {
  const byId = new Map(hosts.map((host) => [host.id, host]));
  for (const host of hosts) {
    if (host.hop !== undefined && !byId.has(host.hop)) throw unknownHop(host, host.hop, [...byId.keys()], declared);
  }
  for (const host of hosts) refuseCycle(host, byId);
}

function refuseCycle(host: Hopping, byId: ReadonlyMap<string, Hopping>): void {
  const chain = [host.id];
  for (let at = host.hop; at !== undefined; at = byId.get(at)?.hop) {
    const start = chain.indexOf(at);
    chain.push(at);
    if (start === -1) continue;
    const cycle = chain.slice(start).join(" -> ");
    throw new OttoError("LAB_HOP_CYCLE", `reading ${host.source}: the hops of ${host.id} never end: ${cycle}`, {
      hint: "Give one of these hosts no hop.",
      details: { host: host.id, hops: chain },
    });
  }
}

function unknownHop(host: Hopping, hop: string, known: readonly string[], declared: readonly string[]): OttoError {
  const near = nearestWord(hop, known);
  const elsewhere = `${hop} is in another lab: add this one to its labs.`;
  const guess = near === undefined ? `Hosts of the lab: ${known.join(", ")}.` : `Did you mean "${near}"?`;
  return new OttoError(
    "LAB_UNKNOWN_HOP",
    `reading ${host.source}: the hop ${hop} of ${host.id} is no host of the lab`,
    {
      hint: declared.includes(hop) ? elsewhere : guess,
      details: { host: host.id, hop, known },
    },
  );
}
