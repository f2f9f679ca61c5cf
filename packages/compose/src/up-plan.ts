import type { ComposeService } from "@otto/compose-files";
import type { ObservedContainer } from "./stack-observation.js";

/** What happens to one service, and why. */
export interface UpStep {
  readonly do: "create" | "recreate" | "start" | "leave" | "remove";
  readonly service: string;
  readonly cause: string;
}

export interface ObservedStack {
  readonly containers: readonly ObservedContainer[];
  /** Id of the image that a reference names on the parent now; absent where there is none. */
  readonly imageIds: Readonly<Record<string, string | undefined>>;
}

/**
 * Decides what `up` does to each service. Compose itself compares the services' settings when it runs; a service whose
 * settings changed is recreated although it is listed as left.
 */
export function planServices(services: readonly ComposeService[], observed: ObservedStack): UpStep[] {
  const enabled = services.filter((service) => service.enabled);
  const declared = new Set(services.map(({ name }) => name));
  const orphans = new Set(
    observed.containers.map(({ service }) => service).filter((service) => !declared.has(service)),
  );
  return [
    ...enabled.map((service) => planService(service, observed)),
    ...[...orphans].map((service): UpStep => ({ do: "remove", service, cause: "it is no longer declared" })),
  ];
}

function planService(service: ComposeService, observed: ObservedStack): UpStep {
  const step = (action: UpStep["do"], cause: string): UpStep => ({ do: action, service: service.name, cause });
  const containers = observed.containers.filter((container) => container.service === service.name);
  if (containers.length === 0) return step("create", "it has no container");
  const imageId = service.image === undefined ? undefined : observed.imageIds[service.image];
  if (imageId !== undefined && containers.some((container) => container.imageId !== imageId)) {
    return step("recreate", "its image was rebuilt");
  }
  if (containers.length < service.replicas)
    return step("create", `it has ${containers.length} of ${service.replicas} containers`);
  const stopped = containers.find(({ state }) => state !== "running");
  if (stopped !== undefined && !service.oneShot) return step("start", `its container is ${stopped.state}`);
  return step("leave", "it runs as declared");
}

/** One line for a person. */
export function formatUpStep({ do: action, service, cause }: UpStep): string {
  return `${service}: ${action} (${cause})`;
}
