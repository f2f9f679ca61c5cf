import { OttoError } from "@otto/errors";
import type { LabFile, PlacedHost } from "./lab-file.js";
import type { DeclaredHost } from "./lab-host.js";

/** The hosts of the named labs, by id. */
export interface MergedHosts {
  readonly hosts: Map<string, DeclaredHost>;
  readonly notes: readonly string[];
}

/**
 * Joins the hosts that sources declare for the named labs: a later source replaces what an earlier one says of a host.
 *
 * @throws `LAB_DUPLICATE_HOST` when one source declares an id twice
 */
export function mergeSources(sources: readonly (readonly LabFile[])[], names: readonly string[]): MergedHosts {
  const hosts = new Map<string, PlacedHost>();
  const notes: string[] = [];
  for (const files of sources) {
    for (const [id, placed] of hostsOfSource(files, names)) {
      const replaced = hosts.get(id);
      if (replaced) notes.push(`${placed.place}: replaces the host ${id} of ${replaced.place}`);
      hosts.set(id, placed);
    }
  }
  return { hosts: new Map([...hosts].map(([id, { host }]) => [id, host])), notes };
}

function hostsOfSource(files: readonly LabFile[], names: readonly string[]): Map<string, PlacedHost> {
  const hosts = new Map<string, PlacedHost>();
  for (const placed of files.flatMap((file) => file.hosts)) {
    const { id, labs } = placed.host;
    if (!labs.some((lab) => names.includes(lab))) continue;
    const first = hosts.get(id);
    if (first) throw duplicateHost(id, first.place, placed.place);
    hosts.set(id, placed);
  }
  return hosts;
}

function duplicateHost(id: string, first: string, second: string): OttoError {
  return new OttoError("LAB_DUPLICATE_HOST", `reading ${second}: the host id ${id} is that of ${first} too`, {
    hint: "Tell them apart by element, element_id, or board and slot.",
    details: { id, places: [first, second] },
  });
}
