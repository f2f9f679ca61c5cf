import type { ComposeService } from "@otto/compose-files";

/** One run of compose. */
export interface UpStage {
  readonly services: readonly string[];
  /** Whether the services' containers are replaced; else those that there are stay, and are started. */
  readonly replaces: boolean;
  /** Whether compose builds their images first. */
  readonly build: boolean;
}

/** How images come to be: `built`: the services whose images are to be built; `builders`: by service, whose build makes its image. */
interface Builds {
  readonly built: ReadonlySet<string>;
  readonly builders: ReadonlyMap<string, string>;
}

/** By service that compose acts on: whether its containers are to be replaced; undefined: it has none. */
type Acted = ReadonlyMap<string, boolean | undefined>;

/** The services that compose acts on before this one: those that it depends on, and who builds its image. */
export function findWaits({ name, dependsOn }: ComposeService, acted: Acted, { built, builders }: Builds): string[] {
  const builder = builders.get(name) ?? "";
  const waited = [...dependsOn.map(({ service }) => service), ...(built.has(builder) ? [builder] : [])];
  return [...new Set(waited)].filter((service) => acted.has(service));
}

/**
 * Orders services into runs of compose. It is told for each run whether to replace containers: what it would decide by
 * itself depends on which services it is run for (before Compose 2.30). What depends on a service comes with it or after.
 * Compose builds all images of a run, or none.
 */
export function planStages(services: readonly ComposeService[], acted: Acted, images: Builds): UpStage[] {
  const { built } = images;
  const rest = new Map(services.filter(({ name }) => acted.has(name)).map((service) => [service.name, service]));
  const stages: UpStage[] = [];
  while (rest.size > 0) {
    const chosen: ComposeService[] = [];
    let replaces: boolean | undefined;
    let builds: boolean | undefined;
    const buildsOf = ({ name, hasBuild }: ComposeService) => (hasBuild ? built.has(name) : undefined);
    const fits = (service: ComposeService) => {
      const isFree = !findWaits(service, acted, images).some((other) => rest.has(other));
      return isFree && agrees(acted.get(service.name), replaces) && agrees(buildsOf(service), builds);
    };
    for (let next = find(rest, fits); next !== undefined; next = find(rest, fits)) {
      replaces ??= acted.get(next.name);
      builds ??= buildsOf(next);
      rest.delete(next.name);
      chosen.push(next);
    }
    // Compose refuses services that depend on each other in a circle.
    if (chosen.length === 0) chosen.push(...rest.values());
    for (const { name } of chosen) rest.delete(name);
    stages.push({
      services: chosen.map(({ name }) => name),
      replaces: replaces ?? true,
      build: chosen.some(({ name }) => built.has(name)),
    });
  }
  return stages;
}

function agrees(own: boolean | undefined, stage: boolean | undefined): boolean {
  return own === undefined || stage === undefined || own === stage;
}

function find(rest: ReadonlyMap<string, ComposeService>, fits: (service: ComposeService) => boolean) {
  return [...rest.values()].find(fits);
}
