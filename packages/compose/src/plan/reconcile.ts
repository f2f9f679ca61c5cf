import type { ComposeService } from "@otto/compose-files";
import { imageReference } from "../declared/image-reference.js";
import { mayEnd } from "../declared/may-end.js";
import { compareDigests } from "../desired/service-digest.js";
import type { ObservedContainer } from "../observed/observed-stack.js";
import { planDependents } from "./dependents.js";
import { planBuilds, planPulls } from "./images.js";
import { planNetworks } from "./networks.js";
import {
  type Comparison,
  type ComposeStep,
  type Decision,
  isComposeAction,
  type PullStep,
  type UpPlan,
  type UpStep,
} from "./operations.js";
import { planOrphans, planRepairs } from "./repairs.js";
import { type ComposeAction, findWaits, planRuns } from "./stages.js";

/** Decides what `up` does to each service. */
export function planUp(services: readonly ComposeService[], comparison: Comparison): UpPlan {
  const { repairs, containers } = planRepairs(comparison.containers, comparison.held);
  const enabled = services.filter((service) => service.enabled);
  const running = containers.filter(({ state }) => state === "running" || state === "paused");
  const own = enabled.map((service) => decide(service, containers, comparison));
  const decisions = planDependents(enabled, own, new Set(running.map(({ service }) => service)));
  const there = new Set(containers.map(({ service }) => service));
  const acted = decisions.filter(isComposeAction);
  const replaced = new Map(
    acted.map(({ do: action, service }) => [service, there.has(service) ? action === "recreate" : undefined] as const),
  );
  const { builders } = comparison;
  const pulled = enabled.filter(({ name }) => !builders.has(name));
  const networks = planNetworks(enabled, containers, comparison.digests);
  const pulls = planPulls(pulled, replaced, comparison).map((step) => {
    return networks.length > 0 ? { ...step, isAhead: true } : step;
  });
  const builds = planBuilds(enabled, replaced, comparison);
  const images = { built: new Set(builds.map(({ service }) => service)), builders };
  const waits = new Map(enabled.map((service) => [service.name, findWaits(service, replaced, images)]));
  const afterOf = ({ service }: Decision) => waits.get(service) ?? [];
  const actions = acted.map((one) => ({ ...one, after: afterOf(one) }));
  const { early, late } = splitBuilds(builds, networks.length > 0 ? enabled : []);
  return [
    ...pulls,
    ...early,
    ...repairs,
    ...planOrphans(services, containers),
    ...networks,
    ...planRuns(enabled, replaced, [...late, ...actions], early.length > 0 ? 2 : 1),
    ...decisions.flatMap((decision): UpStep[] => {
      if (decision.do !== "restart") return [];
      const ids = running.filter(({ service }) => service === decision.service).map(({ id }) => id);
      return [{ ...decision, do: "restart", after: afterOf(decision), containers: ids }];
    }),
    ...decisions.flatMap((decision) => leaveStep(decision, pulls)),
  ];
}

/**
 * Which images are built before anything is stopped: those of services that are built alone as they are for an `up`.
 * @param services those to which that applies
 */
function splitBuilds(builds: readonly ComposeAction[], services: readonly ComposeService[]) {
  const alone = new Set(services.filter(({ isMultiPlatform }) => isMultiPlatform !== true).map(({ name }) => name));
  const run = { number: 1, replaces: false, builds: true };
  return {
    early: builds.filter(({ service }) => alone.has(service)).map((build): ComposeStep => ({ ...build, run })),
    late: builds.filter(({ service }) => !alone.has(service)),
  };
}

/** Whether the registry has a newer image is unknown until it is asked. */
function leaveStep(decision: Decision, pulls: readonly PullStep[]): UpStep[] {
  if (decision.do !== "leave") return [];
  const isPulled = pulls.some(({ service }) => service === decision.service);
  const cause = isPulled ? `${decision.cause}, unless the registry has a newer image` : decision.cause;
  return [{ ...decision, do: "leave", cause, after: [] }];
}

function decide(service: ComposeService, all: readonly ObservedContainer[], comparison: Comparison): Decision {
  const decision = (action: Decision["do"], cause: string) => ({ do: action, service: service.name, cause });
  const containers = all.filter((container) => container.service === service.name);
  const count = containers.length;
  if (count === 0)
    return service.replicas === 0
      ? decision("leave", "no container is declared")
      : decision("create", "it has no container");
  if (containers.some(({ id }) => comparison.held?.has(id))) return decision("leave", "it was stopped on purpose");
  const imageId = comparison.images[imageReference(comparison.project, service)]?.id;
  if (imageId !== undefined && containers.some((container) => container.imageId !== imageId)) {
    return decision("recreate", imageId === "" ? "its image will be built" : "its image was rebuilt");
  }
  const digest = comparison.digests.get(service.name);
  const changes = containers.map(({ config }) => digest && compareDigests(config, digest));
  const change = changes.find((text) => text !== undefined);
  if (change !== undefined) return decision("recreate", change);
  if (comparison.forced?.has(service.name)) return decision("recreate", "it was asked for");
  if (count < service.replicas) return decision("create", `it has ${count} of ${service.replicas} containers`);
  if (count > service.replicas) return decision("remove", `it has ${count} containers, ${service.replicas} declared`);
  const stopped = containers.find((container) => !isUpOrDone(container, service));
  if (stopped !== undefined) return decision("start", stoppedCause(stopped));
  if (containers.some(({ state }) => state === "paused")) return decision("unpause", "its container is paused");
  return containers.every(({ state }) => state === "exited")
    ? decision("leave", "it has done its work")
    : decision("leave", "it runs as declared");
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
