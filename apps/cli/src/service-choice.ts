import { listServices } from "@otto/docker";
import { nearestWord, OttoError } from "@otto/errors";
import type { PlaceOptions } from "./arguments/option.js";
import { findPlaces, type Place, warnOfStandIn } from "./arguments/place.js";
import type { Session } from "./session.js";
import { withStack } from "./stack-choice.js";

/** A stack, and the services of it that are meant. */
export interface ServicePlace extends Place {
  /** None: all. */
  readonly services: readonly string[];
  /** How many containers services get. Default: as declared. */
  readonly scale?: Readonly<Record<string, number>> | undefined;
}

/**
 * The stacks that services on the command line are of; every stack when none is named. Of several repositories, each service
 * belongs to the one that declares it.
 * @throws `COMPOSE_UNKNOWN_SERVICE`, `CLI_USAGE` for a service that several declare, and what `findPlaces` throws
 */
export async function findServicePlaces(
  session: Session,
  { services, ...options }: PlaceOptions & { readonly services: readonly string[] },
): Promise<ServicePlace[]> {
  const places = withStack(session, await findPlaces(session, options));
  for (const place of places) warnOfStandIn(session, place);
  return chooseServices(places, { services });
}

/** The same of places that have been found. */
export async function chooseServices(
  places: readonly Place[],
  { services, scale = {} }: Pick<ServicePlace, "services" | "scale">,
): Promise<ServicePlace[]> {
  const named = [...services, ...Object.keys(scale)];
  if (named.length === 0 || places.length === 1) return places.map((place) => ({ ...place, services, scale }));
  const declared = await Promise.all(
    places.map(async (place) => ({ place, names: await listServices(place.repo, place.lab, { on: place.on }) })),
  );
  for (const service of named) checkOwner(service, declared);
  return declared
    .map(({ place, names }) => {
      const has = (service: string) => names.includes(service);
      const own = Object.entries(scale).filter(([service]) => has(service));
      return { ...place, services: services.filter(has), scale: Object.fromEntries(own) };
    })
    .filter((place) => services.length === 0 || place.services.length > 0);
}

interface DeclaredServices {
  readonly place: Place;
  readonly names: readonly string[];
}

function checkOwner(service: string, declared: readonly DeclaredServices[]): void {
  const declaring = declared.filter(({ names }) => names.includes(service));
  // One that a repository has on several parents is meant on each.
  const owners = [...new Set(declaring.map(({ place }) => place.repo.name))];
  if (owners.length === 1) return;
  if (owners.length > 1)
    throw new OttoError("CLI_USAGE", `the service ${service} is of ${owners.join(" and of ")}`, {
      hint: `Choose one with --repo ${owners[0]}.`,
    });
  const all = [...new Set(declared.flatMap(({ names }) => names))];
  const near = nearestWord(service, all);
  throw new OttoError("COMPOSE_UNKNOWN_SERVICE", `no repository has a service ${service}`, {
    hint: `${near === undefined ? "" : `Did you mean "${near}"? `}Their services: ${all.join(", ")}.`,
    details: { service, declared: all },
  });
}
