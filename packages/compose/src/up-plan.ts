import type { ComposeService } from "@otto/compose-files";
import { planDependents } from "./dependent-steps.js";
import { imageReference, type ObservedImage } from "./image-reference.js";
import { compareDigests, type ServiceDigest } from "./service-digest.js";
import type { ObservedContainer } from "./stack-observation.js";
import { planStages, type UpStage } from "./up-stages.js";

/** What happens to one service, and why. */
export interface UpStep {
  readonly do: "create" | "recreate" | "start" | "restart" | "leave" | "remove";
  readonly service: string;
  readonly cause: string;
}

/** What is done to single containers before compose runs. */
export interface ContainerRepair {
  readonly do: "remove" | "rename" | "unpause" | "stop and remove";
  readonly id: string;
  /** For `rename`. */
  readonly name?: string | undefined;
}

export interface UpPlan {
  readonly steps: readonly UpStep[];
  readonly repairs: readonly ContainerRepair[];
  /** What compose is run for, one after the other. */
  readonly stages: readonly UpStage[];
  /** Ids of containers that are restarted after that. */
  readonly restarted: readonly string[];
}

export interface ObservedStack {
  readonly project: string;
  readonly containers: readonly ObservedContainer[];
  /** The image that a reference names on the parent now; absent where there is none. */
  readonly images: Readonly<Record<string, ObservedImage | undefined>>;
  /** By service; absent while nothing is to be compared. */
  readonly digests: ReadonlyMap<string, ServiceDigest>;
}

/** Decides what `up` does to each service. */
export function planUp(services: readonly ComposeService[], observed: ObservedStack): UpPlan {
  const { repairs, containers } = planRepairs(observed.containers);
  const enabled = services.filter((service) => service.enabled);
  const declared = new Set(services.map(({ name }) => name));
  const orphans = containers.filter(({ service }) => !declared.has(service));
  const own = enabled.map((service) => planService(service, containers, observed));
  const running = containers.filter(({ state }) => state === "running");
  const steps = planDependents(enabled, own, new Set(running.map(({ service }) => service)));
  const there = new Set(containers.map(({ service }) => service));
  const replaced = steps
    .filter((step) => step.do !== "leave" && step.do !== "restart")
    .map((step) => [step.service, there.has(step.service) ? step.do === "recreate" : undefined] as const);
  const restarted = steps.filter((step) => step.do === "restart").map(({ service }) => service);
  const gone = [...new Set(orphans.map(({ service }) => service))];
  return {
    steps: [...steps, ...gone.map((service): UpStep => ({ do: "remove", service, cause: "it is no longer declared" }))],
    repairs: [...repairs, ...orphans.map(({ id }): ContainerRepair => ({ do: "stop and remove", id }))],
    stages: planStages(enabled, new Map(replaced)),
    restarted: running.filter(({ service }) => restarted.includes(service)).map(({ id }) => id),
  };
}

/** Whether `up` has nothing to do. */
export function isConverged(plan: UpPlan): boolean {
  return plan.repairs.length + plan.stages.length === 0;
}

/**
 * A recreate that was killed leaves the new container under a name of its own: beside the old one it goes, alone it takes
 * the place that it was made for, and with it the old one's anonymous volumes.
 */
function planRepairs(all: readonly ObservedContainer[]) {
  const repairs: ContainerRepair[] = [];
  const containers: ObservedContainer[] = [];
  for (const container of all) {
    const { id, name, service, replica, state } = container;
    const isDouble = all.some(
      (other) => other !== container && other.service === service && other.replica === replica && !isBroken(other),
    );
    if (isBroken(container) || (container.isLeftOver && isDouble)) {
      repairs.push({ do: "remove", id });
      continue;
    }
    if (container.isLeftOver) repairs.push({ do: "rename", id, name: name.slice("0123456789ab_".length) });
    if (state === "paused") repairs.push({ do: "unpause", id });
    containers.push(container);
  }
  return { repairs, containers };
}

function isBroken({ state }: ObservedContainer): boolean {
  return state === "dead" || state === "removing";
}

function planService(service: ComposeService, all: readonly ObservedContainer[], observed: ObservedStack): UpStep {
  const step = (action: UpStep["do"], cause: string): UpStep => ({ do: action, service: service.name, cause });
  const containers = all.filter((container) => container.service === service.name);
  const count = containers.length;
  if (count === 0)
    return service.replicas === 0 ? step("leave", "no container is declared") : step("create", "it has no container");
  const imageId = observed.images[imageReference(observed.project, service)]?.id;
  if (imageId !== undefined && containers.some((container) => container.imageId !== imageId)) {
    return step("recreate", imageId === "" ? "its image will be built" : "its image was rebuilt");
  }
  const digest = observed.digests.get(service.name);
  const changes = containers.map(({ config }) => digest && compareDigests(config, digest));
  const change = changes.find((text) => text !== undefined);
  if (change !== undefined) return step("recreate", change);
  if (count < service.replicas) return step("create", `it has ${count} of ${service.replicas} containers`);
  if (count > service.replicas) return step("remove", `it has ${count} containers, ${service.replicas} declared`);
  const stopped = containers.find((container) => !isUpOrDone(container, service));
  if (stopped !== undefined) return step("start", stoppedCause(stopped));
  return containers.every(({ state }) => state === "exited")
    ? step("leave", "it has done its work")
    : step("leave", "it runs as declared");
}

function stoppedCause({ state, exitCode, isLeftOver }: ObservedContainer): string {
  if (isLeftOver) return "an up was interrupted before it was started";
  return state === "exited" ? `its container exited with ${exitCode}` : `its container is ${state}`;
}

function isUpOrDone(
  { state, exitCode, restartPolicy, isLeftOver }: ObservedContainer,
  service: ComposeService,
): boolean {
  if (state === "running" || state === "restarting") return !isLeftOver;
  return state === "exited" && exitCode === 0 && mayEnd(service, restartPolicy);
}

/**
 * Whether a container's end with 0 can be the end of its work. One that the engine starts again by itself never rests, and
 * what is asked for its health or by a port is a server: if such a one has exited, someone stopped it.
 */
export function mayEnd(service: ComposeService, restartPolicy: string): boolean {
  if (restartPolicy === "always" || restartPolicy === "unless-stopped") return false;
  return service.oneShot || !(service.hasHealthcheck || service.publishesPorts);
}

/** One line for a person. */
export function formatUpStep({ do: action, service, cause }: UpStep): string {
  return `${service}: ${action} (${cause})`;
}
