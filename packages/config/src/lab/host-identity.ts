import { slug } from "../document/slug.js";

/** The fields of a host that make its id. */
export interface HostIdentity {
  readonly element: string;
  readonly elementId?: number | undefined;
  readonly board?: string | undefined;
  readonly slot?: number | undefined;
}

/** `slug(element)` + `elementId` + (`_` + `slug(board)` + `slot` when a board is set). */
export function formatHostId(host: HostIdentity): string {
  const board = host.board === undefined ? "" : `_${slug(host.board)}${host.slot ?? ""}`;
  return `${slug(host.element)}${host.elementId ?? ""}${board}`;
}

/**
 * The handle of each host of a lab: `<slug><n>` where hosts share an element, n from 1 by ascending `elementId`, those
 * without one last; the id where none share it.
 */
export function assignHandles(hosts: readonly (HostIdentity & { readonly id: string })[]): ReadonlyMap<string, string> {
  const handles = new Map<string, string>();
  for (const element of new Set(hosts.map((host) => slug(host.element)))) {
    const group = hosts.filter((host) => slug(host.element) === element).toSorted(byElementId);
    for (const [index, host] of group.entries()) {
      handles.set(host.id, group.length === 1 ? host.id : `${element}${index + 1}`);
    }
  }
  return handles;
}

function byElementId(a: HostIdentity & { readonly id: string }, b: HostIdentity & { readonly id: string }): number {
  const difference = (a.elementId ?? Number.MAX_SAFE_INTEGER) - (b.elementId ?? Number.MAX_SAFE_INTEGER);
  return difference !== 0 ? difference : a.id < b.id ? -1 : 1;
}
