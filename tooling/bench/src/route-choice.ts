import type { LinkName, Route } from "./link.js";
import type { Bench } from "./row.js";

/** The counted route of a link. @throws Error for a link that is not of this run */
export function firstRoute({ links }: Pick<Bench, "links">, link: LinkName): Route {
  const route = links.get(link)?.[0];
  if (route === undefined) throw new Error(`bench: no route over ${link}`);
  return route;
}
