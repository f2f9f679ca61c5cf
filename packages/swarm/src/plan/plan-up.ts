import type { UpPlan, UpStep } from "@otto/compose";
import type { SwarmService } from "@otto/engine";
import { cleanText, OttoError } from "@otto/errors";
import { configLabel, ownedLabel, type StackFile, type WantedService } from "../model/stack-file.js";
import { type ObservedSwarm, serviceOf, swarmName } from "../observed-swarm.js";

export interface UpComparison extends Pick<ObservedSwarm, "services" | "networks"> {
  readonly project: string;
  readonly file: StackFile;
  /** Whether services that the files no longer have are removed. */
  readonly prunes: boolean;
  /** Whether the last holder of a lease is to take it down. */
  readonly owned: boolean;
  /** The services whose tasks are replaced though they run as declared. */
  readonly forced: ReadonlySet<string>;
}

export interface SwarmPlan {
  readonly steps: UpPlan;
  /** The services whose tasks are replaced though the file tells the swarm nothing new of them. */
  readonly forced: readonly string[];
}

/**
 * What `docker stack deploy` would do to each service, and why. Pure.
 * @throws OttoError `SWARM_NETWORK_CHANGED`
 */
export function planUp(comparison: UpComparison): SwarmPlan {
  const { project, file, services, prunes } = comparison;
  refuseChangedNetworks(comparison);
  const wanted = file.services.map((service) => ({ service, ...compare(service, comparison) }));
  const names = new Set(file.services.map(({ name }) => swarmName(project, name)));
  const gone = prunes ? services.filter(({ name }) => !names.has(name)) : [];
  const removed = gone.map((service): UpStep => {
    return { do: "remove", service: serviceOf(project, service), cause: "the files no longer have it", after: [], run };
  });
  const forced = wanted.filter(
    (one) => one.isThere && one.cause === undefined && comparison.forced.has(one.service.name),
  );
  return {
    steps: [...removed, ...wanted.map((one) => toStep(one.service.name, { ...one, isForced: forced.includes(one) }))],
    forced: forced.map(({ service }) => service.name),
  };
}

// The docker client deploys all of them together.
const run = { number: 1, replaces: false, builds: false } as const;

/** How a service that is wanted differs from the one in the swarm. */
interface Comparison {
  readonly isThere: boolean;
  /** Undefined: in nothing. */
  readonly cause: string | undefined;
}

function compare(wanted: WantedService, { project, services, owned }: UpComparison): Comparison {
  const there = services.find(({ name }) => name === swarmName(project, wanted.name));
  return { isThere: there !== undefined, cause: there && findCause(wanted, there, owned) };
}

function toStep(service: string, { isThere, cause, isForced }: Comparison & { readonly isForced: boolean }): UpStep {
  if (!isThere) return { do: "create", service, cause: "it is not in the swarm", after: [], run };
  if (cause !== undefined) return { do: "recreate", service, cause, after: [], run };
  if (isForced) return { do: "recreate", service, cause: "it was asked for", after: [], run };
  return { do: "leave", service, cause: "it is as declared", after: [] };
}

/** @returns undefined: the service is as it is to be */
function findCause(wanted: WantedService, there: SwarmService, owned: boolean): string | undefined {
  const label = there.labels[configLabel];
  if (label === undefined) return "it was not deployed by otto";
  const state = there.update?.state ?? "";
  if (state.startsWith("rollback")) return "its last roll-out was rolled back";
  if (state === "paused") return "its last roll-out was paused";
  const before = parseDigests(label);
  const keys = [...new Set([...before.keys(), ...Object.keys(wanted.digests)])].sort();
  const changed = keys.filter((key) => before.get(key) !== wanted.digests[key]);
  if (changed.length > 0) return `${changed.map((key) => cleanText(key)).join(", ")} changed`;
  if (there.image !== wanted.image) return "another image was set since";
  const { mode } = there;
  if (wanted.replicas !== undefined && (mode.kind !== "replicated" || mode.replicas !== wanted.replicas))
    return "it was scaled since";
  const isOwned = there.labels[ownedLabel] !== undefined;
  if (isOwned !== owned) return owned ? "its last user is to take it down" : "it is to stay";
  return undefined;
}

function parseDigests(label: string): ReadonlyMap<string, string> {
  const pairs = label.split(" ").map((pair) => pair.split("="));
  return new Map(pairs.map(([key = "", digest = ""]) => [key, digest]));
}

/** The docker client leaves a network that is there as it is, without a word. */
function refuseChangedNetworks({ project, file, networks }: UpComparison): void {
  for (const { name, labels } of networks) {
    const [was, wanted] = [labels[configLabel], file.networks.get(name)];
    if (was === undefined || wanted === undefined || was === wanted) continue;
    throw new OttoError(
      "SWARM_NETWORK_CHANGED",
      `deploying ${project}: the settings of its network ${name} changed, and a swarm cannot change a network`,
      {
        hint: "Take the stack down and up again: `otto docker down`, `otto docker up`.",
        details: { project, network: name },
      },
    );
  }
}
