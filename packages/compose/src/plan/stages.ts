import type { ComposeService } from "@otto/compose-files";
import type { ComposeStep } from "./operations.js";

/** What compose does, the run of it not yet chosen. */
export type ComposeAction = Omit<ComposeStep, "run">;

/** By service that compose acts on: whether its containers are to be replaced; undefined: it has none. */
export type Acted = ReadonlyMap<string, boolean | undefined>;

/**
 * The services that compose acts on before this one: those that it depends on, and who builds its image.
 * @param images `built`: the services whose images are to be built. `builders`: by service, whose build makes its image
 */
export function findWaits(
  { name, dependsOn }: ComposeService,
  acted: Acted,
  { built, builders }: { readonly built: ReadonlySet<string>; readonly builders: ReadonlyMap<string, string> },
): string[] {
  const builder = builders.get(name) ?? "";
  const waited = [...dependsOn.map(({ service }) => service), ...(built.has(builder) ? [builder] : [])];
  return [...new Set(waited)].filter((service) => acted.has(service));
}

/**
 * Orders what compose does into runs. It is told for each run whether to replace containers: what it would decide by
 * itself depends on which services it is run for (before Compose 2.30). What depends on a service comes with it or after.
 * Compose builds all images of a run, or none.
 */
export function planRuns(
  services: readonly ComposeService[],
  acted: Acted,
  actions: readonly ComposeAction[],
  first = 1,
): ComposeStep[] {
  const actionsOf = (name: string) => actions.filter(({ service }) => service === name);
  const rest = new Map(services.filter(({ name }) => acted.has(name)).map((service) => [service.name, service]));
  const steps: ComposeStep[] = [];
  for (let number = first; rest.size > 0; number += 1) {
    const chosen: ComposeAction[] = [];
    let replaces: boolean | undefined;
    let builds: boolean | undefined;
    const buildsOf = ({ name, hasBuild }: ComposeService) => (hasBuild ? actionsOf(name).some(isBuild) : undefined);
    const fits = (service: ComposeService) => {
      const isFree = !actionsOf(service.name).some(({ after }) => after.some((other) => rest.has(other)));
      return isFree && agrees(acted.get(service.name), replaces) && agrees(buildsOf(service), builds);
    };
    for (let next = find(rest, fits); next !== undefined; next = find(rest, fits)) {
      replaces ??= acted.get(next.name);
      builds ??= buildsOf(next);
      rest.delete(next.name);
      chosen.push(...actionsOf(next.name));
    }
    // Compose refuses services that depend on each other in a circle.
    if (chosen.length === 0) {
      chosen.push(...[...rest.keys()].flatMap(actionsOf));
      rest.clear();
    }
    const run = { number, replaces: replaces ?? true, builds: chosen.some(isBuild) };
    const ordered = [...chosen.filter(isBuild), ...chosen.filter((one) => !isBuild(one))];
    steps.push(...ordered.map((action) => ({ ...action, run })));
  }
  return steps;
}

function isBuild({ do: action }: ComposeAction): boolean {
  return action === "build";
}

function agrees(own: boolean | undefined, run: boolean | undefined): boolean {
  return own === undefined || run === undefined || own === run;
}

function find(rest: ReadonlyMap<string, ComposeService>, fits: (service: ComposeService) => boolean) {
  return [...rest.values()].find(fits);
}
