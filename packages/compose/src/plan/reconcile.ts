import type { ComposeService } from "@otto/compose-files";
import { findBuilders, imageReference, type ObservedImage } from "../declared/image-reference.js";
import { compareDigests, type ServiceDigest } from "../desired/service-digest.js";
import type { ObservedContainer } from "../observed/observed-stack.js";
import { planDependents } from "./dependents.js";
import { planBuilds, planPulls } from "./images.js";
import { planStages, type UpStage } from "./stages.js";

/**
 * What happens to one service, and why. What is done for its sake comes first: `pull` and `build` are of its image, `rename`
 * and `remove` of a container that an interrupted `up` left.
 */
export interface UpStep {
  readonly do:
    | ("pull" | "build" | "rename" | "unpause")
    | ("create" | "recreate" | "start" | "restart" | "leave" | "remove");
  readonly service: string;
  readonly cause: string;
}

/** What is done to single containers before compose runs. */
export interface ContainerRepair {
  readonly do: "remove" | "rename" | "unpause" | "stop and remove";
  readonly id: string;
  readonly service: string;
  readonly cause: string;
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
  /** Whether compose may build images. */
  readonly mayBuild: boolean;
  /** The parent's time, in milliseconds since 1970. */
  readonly now: number;
}

/** Decides what `up` does to each service. */
export function planUp(services: readonly ComposeService[], observed: ObservedStack): UpPlan {
  const { repairs, containers } = planRepairs(observed.containers);
  const enabled = services.filter((service) => service.enabled);
  const declared = new Set(services.map(({ name }) => name));
  const orphans = containers.filter(({ service }) => !declared.has(service));
  const own = enabled.map((service) => planService(service, containers, observed));
  const running = containers.filter(({ state }) => state === "running" || state === "paused");
  const settled = planDependents(enabled, own, new Set(running.map(({ service }) => service)));
  const there = new Set(containers.map(({ service }) => service));
  const replaced = new Map(
    settled
      .filter(({ do: action }) => action !== "leave" && action !== "restart" && action !== "unpause")
      .map((step) => [step.service, there.has(step.service) ? step.do === "recreate" : undefined] as const),
  );
  const builders = findBuilders({ project: observed.project, files: { services } });
  const builds = planBuilds(enabled, replaced, observed);
  const pulls = planPulls(
    enabled.filter(({ name }) => !builders.has(name)),
    replaced,
    observed,
  );
  const before = [...pulls, ...builds, ...repairs];
  const steps = settled.flatMap((step) => [...before.flatMap((one) => beforehand(one, step)), mayChange(step, before)]);
  const others = repairs.filter(({ service }) => !settled.some((step) => step.service === service));
  const restarted = settled.filter((step) => step.do === "restart").map(({ service }) => service);
  const gone = [...new Set(orphans.map(({ service }) => service))];
  const cause = "it is no longer declared";
  return {
    steps: [
      ...steps,
      ...others.flatMap((one) => beforehand(one, { do: "leave", service: one.service, cause: "" })),
      ...gone.map((service): UpStep => ({ do: "remove", service, cause })),
    ],
    repairs: [
      ...repairs,
      ...orphans.map(({ id, service }): ContainerRepair => ({ do: "stop and remove", id, service, cause })),
    ],
    stages: planStages(enabled, replaced, { built: new Set(builds.map(({ service }) => service)), builders }),
    restarted: running.filter(({ service }) => restarted.includes(service)).map(({ id }) => id),
  };
}

function beforehand({ do: action, service, cause }: UpStep | ContainerRepair, step: UpStep): UpStep[] {
  if (service !== step.service || action === step.do || action === "stop and remove") return [];
  return [{ do: action, service, cause }];
}

/** Whether the registry has a newer image is unknown until it is asked. */
function mayChange(step: UpStep, before: readonly { readonly do: string; readonly service: string }[]): UpStep {
  const isPulled = before.some((one) => one.do === "pull" && one.service === step.service);
  if (step.do !== "leave" || !isPulled) return step;
  return { ...step, cause: `${step.cause}, unless the registry has a newer image` };
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
      const cause = isBroken(container) ? `a container of it is ${state}` : "an interrupted up left a second container";
      repairs.push({ do: "remove", id, service, cause });
      continue;
    }
    const renamed = { id, service, name: name.slice("0123456789ab_".length) };
    if (container.isLeftOver)
      repairs.push({ do: "rename", ...renamed, cause: "an interrupted up left it another name" });
    if (state === "paused") repairs.push({ do: "unpause", id, service, cause: paused });
    containers.push(container);
  }
  return { repairs, containers };
}

const paused = "its container is paused";

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
  if (containers.some(({ state }) => state === "paused")) return step("unpause", paused);
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
  if (state === "running" || state === "restarting" || state === "paused") return !isLeftOver;
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
