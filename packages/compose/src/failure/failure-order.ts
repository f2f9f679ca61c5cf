import type { ComposeService } from "@otto/compose-files";

type Dependent = Pick<ComposeService, "name" | "dependsOn" | "sharesWith">;

/** A service that was not started because of others. */
export interface WaitingService {
  readonly service: string;
  /** The failed services that it needs, directly or through others. */
  readonly for: readonly string[];
}

/** Services in such an order that what another needs comes before it; else as declared. */
export function orderByNeed<T extends Dependent>(services: readonly T[]): T[] {
  const byName = new Map(services.map((service) => [service.name, service]));
  const ordered = new Set<T>();
  const entered = new Set<T>();
  const visit = (service: T) => {
    if (entered.has(service)) return;
    entered.add(service);
    for (const name of needsOf(service)) {
      const needed = byName.get(name);
      if (needed !== undefined) visit(needed);
    }
    ordered.add(service);
  };
  services.forEach(visit);
  return [...ordered];
}

/** Which of `candidates` wait for a failed service. */
export function findWaiting(
  services: readonly Dependent[],
  { failed, candidates }: { readonly failed: ReadonlySet<string>; readonly candidates: ReadonlySet<string> },
): WaitingService[] {
  const roots = new Map<string, readonly string[]>();
  for (const service of orderByNeed(services)) {
    const needed = needsOf(service).flatMap((name) => (failed.has(name) ? [name] : (roots.get(name) ?? [])));
    roots.set(service.name, [...new Set(needed)]);
  }
  return services
    .filter(({ name }) => candidates.has(name) && !failed.has(name))
    .map(({ name }) => ({ service: name, for: roots.get(name) ?? [] }))
    .filter((waiting) => waiting.for.length > 0);
}

function needsOf({ dependsOn = [], sharesWith = [] }: Partial<Dependent>): string[] {
  return [...dependsOn.map(({ service }) => service), ...sharesWith];
}
