import type { ComposeService } from "@otto/compose-files";

/** One run of compose. */
export interface UpStage {
  readonly services: readonly string[];
  /** Whether the services' containers are replaced; else those that there are stay, and are started. */
  readonly replaces: boolean;
  /** Whether compose builds their images first. */
  readonly build: boolean;
}

/**
 * Orders services into runs of compose. It is told for each run whether to replace containers: what it would decide by
 * itself depends on which services it is run for (before Compose 2.30). What depends on a service comes with it or after.
 * @param acted whether a service's containers are to be replaced; undefined: it has none
 */
export function planStages(
  services: readonly ComposeService[],
  acted: ReadonlyMap<string, boolean | undefined>,
): UpStage[] {
  const rest = new Map(services.filter(({ name }) => acted.has(name)).map((service) => [service.name, service]));
  const stages: UpStage[] = [];
  while (rest.size > 0) {
    const chosen: ComposeService[] = [];
    let replaces: boolean | undefined;
    const fits = ({ name, dependsOn }: ComposeService) => {
      const own = acted.get(name);
      const isFree = !dependsOn.some(({ service }) => rest.has(service));
      return isFree && (own === undefined || replaces === undefined || own === replaces);
    };
    for (let next = find(rest, fits); next !== undefined; next = find(rest, fits)) {
      replaces ??= acted.get(next.name);
      rest.delete(next.name);
      chosen.push(next);
    }
    // Compose refuses services that depend on each other in a circle.
    if (chosen.length === 0) chosen.push(...rest.values());
    for (const { name } of chosen) rest.delete(name);
    stages.push({
      services: chosen.map(({ name }) => name),
      replaces: replaces ?? true,
      build: chosen.some(({ name, hasBuild }) => hasBuild && acted.get(name) !== false),
    });
  }
  return stages;
}

function find(rest: ReadonlyMap<string, ComposeService>, fits: (service: ComposeService) => boolean) {
  return [...rest.values()].find(fits);
}
