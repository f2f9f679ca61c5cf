import type { Lab, Parent } from "@otto/docker";

type LabHosts = { readonly data: { readonly hosts: Lab["data"]["hosts"] } };

/** The hosts through which a parent is reached, the one next to this machine first. */
export function wayTo({ data }: LabHosts, { id }: Pick<Parent, "id">): readonly string[] {
  const way: string[] = [];
  let hop = data.hosts.find((host) => host.id === id)?.hop;
  while (hop !== undefined && !way.includes(hop)) {
    way.unshift(hop);
    hop = data.hosts.find((host) => host.id === way[0])?.hop;
  }
  return way;
}

/** As `pepper (via gate)`: what is done there is asked, planned and told with this name. */
export function nameParent(lab: LabHosts, parent: Pick<Parent, "id">): string {
  const way = wayTo(lab, parent);
  return way.length === 0 ? parent.id : `${parent.id} (via ${way.join(", ")})`;
}
