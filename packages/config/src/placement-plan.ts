import { OttoError } from "@otto/errors";
import type { HostData, LabData } from "./lab/lab-data.js";
import { hostsNamedFor, type OnChoice, parseOn } from "./on-choice.js";
import { findDefaultHost, findParent, missingDefaultHosts, planParent, removalRefused } from "./parent-plan.js";
import type { DockerCompose, Repo } from "./repo/repo.js";

/** What of a repo belongs on one host. */
export interface Placement {
  readonly host: HostData;
  /** The repo with those `[[docker.composes]]` alone that belong on it. */
  readonly repo: Repo;
}

export interface PlacementChoice {
  /** As {@link parseOn} reads it: `HOST`, `all` and `NAME=HOST`, separated by commas. Default: where the settings say. */
  readonly on?: string | undefined;
  /** Finds a parent that `on` names. Default: {@link findParent}, in the lab. */
  readonly find?: ((name: string) => HostData) | undefined;
  /** Ids: of several hosts with a role, the first of these goes before the lab's order. Default: none. */
  readonly prefer?: readonly string[] | undefined;
}

/**
 * The hosts that a repo's stack and images belong on, in the order in which the settings come to them; at least one. Each entry
 * of `[[docker.composes]]` goes by itself: where `on` says, else to the host with its `role` (with `spread`, to each), else to
 * its `default_host` where the lab has it, else to that of {@link planParent}. Entries of one host make one stack there.
 *
 * Names in `on` that this repo does not have are no matter: another may have them (`checkOnNames`).
 * @throws OttoError `LAB_ON_INVALID`, `LAB_UNKNOWN_HOST`, `LAB_HOST_NOT_DOCKER_CAPABLE`, `LAB_NO_PARENT`, and `LAB_ROLE_MISSING`
 * where no host has the role
 */
export function planPlacements(repo: Repo, lab: LabData, { on, find, prefer = [] }: PlacementChoice = {}): Placement[] {
  const choice = parseOn(on);
  const { composes } = repo.docker;
  const placing = { repo, lab, choice, prefer, find: find ?? ((name: string) => findParent(lab, name)) };
  const placed = composes.map((compose) => ({ compose, hosts: hostsFor(compose, placing) }));
  const hosts = placed.length > 0 ? placed.flatMap((one) => one.hosts) : hostsWithoutStack(placing);
  return [...new Map(hosts.map((host) => [host.id, host])).values()].map((host) => {
    const own = placed.filter((one) => one.hosts.some(({ id }) => id === host.id)).map(({ compose }) => compose);
    return {
      host,
      repo: own.length === composes.length ? repo : { ...repo, docker: { ...repo.docker, composes: own } },
    };
  });
}

/**
 * The same for what takes things away: that is never done on a host that stands in for another.
 * @throws OttoError what {@link planPlacements} throws, and `LAB_DEFAULT_HOST_MISSING` naming the host that it would have been
 */
export function planRemovalPlacements(repo: Repo, lab: LabData, choice: PlacementChoice = {}): Placement[] {
  const placements = planPlacements(repo, lab, choice);
  const missing = missingDefaultHosts(repo, lab, choice.on);
  const isTheirs = ({ defaultHost }: DockerCompose) => defaultHost !== undefined && missing.includes(defaultHost);
  const standIn = placements.find((placement) => placement.repo.docker.composes.some(isTheirs));
  if (standIn !== undefined) throw removalRefused(repo, lab, { host: standIn.host, missing });
  return placements;
}

interface Placing {
  readonly repo: Repo;
  readonly lab: LabData;
  readonly choice: OnChoice;
  readonly prefer: readonly string[];
  readonly find: (name: string) => HostData;
}

function hostsFor(compose: DockerCompose, placing: Placing): readonly HostData[] {
  const { repo, lab, choice, find } = placing;
  const named = hostsNamedFor(compose, choice);
  if (named.length > 0) return named.map(find);
  if (choice.everywhere !== undefined) return hostsEverywhere(choice.everywhere, placing);
  if (compose.role !== undefined) return hostsOfRole(compose.role, compose.spread === true, placing);
  const own = compose.defaultHost === undefined ? undefined : findDefaultHost(lab, compose.defaultHost);
  return [own ?? planParent(repo, lab)];
}

/** Of a repo without a stack: where its images belong. */
function hostsWithoutStack(placing: Placing): readonly HostData[] {
  const { repo, lab, choice } = placing;
  return choice.everywhere === undefined ? [planParent(repo, lab)] : hostsEverywhere(choice.everywhere, placing);
}

function hostsEverywhere(names: readonly string[] | "all", { repo, lab, find }: Placing): readonly HostData[] {
  if (names !== "all") return names.map(find);
  const capable = lab.hosts.filter(({ dockerCapable }) => dockerCapable);
  // It says why there is none.
  return capable.length > 0 ? capable : [planParent(repo, lab)];
}

/**
 * The roles of a repo's entries for which the lab has several hosts, of which each entry goes to one, and `on` names none; with these
 * hosts, by id.
 * @throws OttoError `LAB_ON_INVALID`
 */
export function listOpenRoles(repo: Repo, lab: LabData, on?: string): ReadonlyMap<string, readonly string[]> {
  const choice = parseOn(on);
  const open = repo.docker.composes.flatMap((compose) => {
    const { role, spread } = compose;
    if (role === undefined || spread === true || choice.everywhere !== undefined) return [];
    const hosts = lab.hosts.filter(({ roles }) => roles.includes(role)).map(({ id }) => id);
    return hosts.length < 2 || hostsNamedFor(compose, choice).length > 0 ? [] : [[role, hosts] as const];
  });
  return new Map(open);
}

function hostsOfRole(role: string, isSpread: boolean, { repo, lab, prefer }: Placing): readonly HostData[] {
  const hosts = lab.hosts.filter(({ roles }) => roles.includes(role));
  const preferred = prefer.find((wanted) => hosts.some(({ id }) => id === wanted));
  const first = hosts.find(({ id }) => id === preferred) ?? hosts[0];
  if (first !== undefined) return (isSpread ? hosts : [first]).map(({ id }) => findParent(lab, id));
  const known = [...new Set(lab.hosts.flatMap(({ roles }) => roles))];
  const files = [...new Set(lab.hosts.flatMap(({ source }) => source ?? []))];
  const place = files.length === 0 ? "" : ` in ${files.join(" or ")}`;
  throw new OttoError(
    "LAB_ROLE_MISSING",
    `choosing a parent for ${repo.name}: no host of the lab ${lab.name} has the role ${role}`,
    {
      hint: `Add it to the "roles" of a host${place}, or name the host: --on ${role}=HOST.${known.length === 0 ? "" : ` Roles there are: ${known.join(", ")}.`}`,
      details: { repo: repo.name, lab: lab.name, role, known },
    },
  );
}
