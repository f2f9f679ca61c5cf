import { nearestWord, OttoError } from "@otto/errors";
import type { HostData, LabData } from "./lab/lab-data.js";
import { localName } from "./lab/local-lab.js";
import { hostsNamedFor, parseOn } from "./on-choice.js";
import type { Repo } from "./repo/repo.js";

/**
 * The host on which a repo's images and stack belong: `on`, else the first `default_host` that is in the lab, else the
 * only docker-capable host of the lab.
 *
 * @param on id or handle
 * @throws `LAB_UNKNOWN_HOST` when `on` names no host, `LAB_HOST_NOT_DOCKER_CAPABLE`, `LAB_NO_PARENT` when nothing decides
 */
export function planParent(repo: Repo, lab: LabData, on?: string): HostData {
  if (on !== undefined) return findParent(lab, on);
  for (const defaultHost of defaultHostsOf(repo)) {
    const host = findDefaultHost(lab, defaultHost);
    if (host) return host;
  }
  const [only, ...others] = candidatesOf(lab);
  if (only && others.length === 0) return only;
  throw undecided(repo, lab);
}

/**
 * The default hosts of a repo, where another host stands in for them: the lab has none of them, and `on` names no other for
 * their entries. Most often it is another lab than its user means.
 * @param on as `parseOn` reads it
 */
export function missingDefaultHosts(repo: Repo, lab: LabData, on?: string): readonly string[] {
  if (defaultHostsOf(repo).some((host) => lookUp(lab, host) !== undefined)) return [];
  const choice = parseOn(on);
  if (choice.everywhere !== undefined) return [];
  const { composes } = repo.docker;
  return composes.flatMap((compose) => (hostsNamedFor(compose, choice).length > 0 ? [] : (compose.defaultHost ?? [])));
}

/** Why nothing is taken down on a host that stands in for others. */
export function removalRefused(
  repo: Repo,
  lab: LabData,
  { host, missing }: { readonly host: HostData; readonly missing: readonly string[] },
): OttoError {
  return new OttoError(
    "LAB_DEFAULT_HOST_MISSING",
    `taking ${repo.name} down on ${host.id}: ${describeMissing(missing, lab)}`,
    {
      hint: `Choose the lab with --lab, OTTO_LAB or [lab] default in the settings. If ${host.id} is meant, name it: --on ${host.id}`,
      details: { repo: repo.name, lab: lab.name, host: host.id, missing: [...missing] },
    },
  );
}

/** A default host, where the lab has it. @throws `LAB_HOST_NOT_DOCKER_CAPABLE` */
export function findDefaultHost(lab: LabData, idOrHandle: string): HostData | undefined {
  const host = lookUp(lab, idOrHandle);
  return host && dockerCapable(host, lab);
}

/** What of {@link missingDefaultHosts} is to be said. */
export function describeMissing(missing: readonly string[], lab: LabData): string {
  const [hosts, are] = missing.length === 1 ? ["host", "is"] : ["hosts", "are"];
  return `its default ${hosts} ${missing.join(", ")} ${are} not in the lab ${lab.name}`;
}

/**
 * The docker-capable host of a lab with this id or handle.
 *
 * @throws `LAB_UNKNOWN_HOST`, `LAB_HOST_NOT_DOCKER_CAPABLE`
 */
export function findParent(lab: LabData, idOrHandle: string): HostData {
  return dockerCapable(findHost(lab, idOrHandle), lab);
}

/**
 * The host of a lab with this id or handle; an id goes before a handle.
 *
 * @throws `LAB_UNKNOWN_HOST` listing the hosts there are
 */
export function findHost(lab: LabData, idOrHandle: string): HostData {
  const host = lookUp(lab, idOrHandle);
  if (host) return host;
  const known = lab.hosts.map((it) => it.id);
  const near = nearestWord(idOrHandle, [...known, ...lab.hosts.map((it) => it.handle)]);
  throw new OttoError("LAB_UNKNOWN_HOST", `looking for the host ${idOrHandle}: the lab ${lab.name} has none`, {
    hint: `${near === undefined ? "" : `Did you mean "${near}"? `}Hosts of the lab: ${known.join(", ")}.${otherLabs(lab)}`,
    details: { host: idOrHandle, lab: lab.name, known },
  });
}

/** Whoever has not chosen a lab works in that of this machine, perhaps without knowing it. */
function otherLabs({ name }: LabData): string {
  return name === localName ? " Choose another lab with --lab; otto --list-labs shows which there are." : "";
}

function defaultHostsOf({ docker }: Repo): string[] {
  return docker.composes.flatMap(({ defaultHost }) => defaultHost ?? []);
}

function lookUp(lab: LabData, idOrHandle: string): HostData | undefined {
  const wanted = idOrHandle.toLowerCase();
  return lab.hosts.find(({ id }) => id === wanted) ?? lab.hosts.find(({ handle }) => handle === wanted);
}

function candidatesOf(lab: LabData): readonly HostData[] {
  return lab.hosts.filter((host) => host.dockerCapable);
}

function dockerCapable(host: HostData, lab: LabData): HostData {
  if (host.dockerCapable) return host;
  const candidates = candidatesOf(lab).map(({ id }) => id);
  throw new OttoError("LAB_HOST_NOT_DOCKER_CAPABLE", `using ${host.id} as a parent: it is not docker_capable`, {
    hint: `Set docker_capable for it${host.source === undefined ? "" : ` in ${host.source}`}, or use ${listOf(candidates)}.`,
    details: { host: host.id, candidates },
  });
}

function undecided(repo: Repo, lab: LabData): OttoError {
  const candidates = candidatesOf(lab).map(({ id }) => id);
  const wanted = defaultHostsOf(repo);
  const away = wanted.length === 0 ? "" : `, and none of its default hosts (${wanted.join(", ")}) is in it`;
  const count = candidates.length === 0 ? "no docker-capable host" : `${candidates.length} docker-capable hosts`;
  return new OttoError("LAB_NO_PARENT", `choosing a parent for ${repo.name}: the lab ${lab.name} has ${count}${away}`, {
    hint: candidates.length === 0 ? noCandidate(lab) : `Choose with --on: ${listOf(candidates)}.`,
    details: { repo: repo.name, lab: lab.name, candidates },
  });
}

function noCandidate({ hosts }: LabData): string {
  return `Set docker_capable for the host that has docker (${hosts.map(({ id }) => id).join(", ")}), or use another lab.`;
}

function listOf(ids: readonly string[]): string {
  return ids.length === 0 ? "another lab" : ids.join(", ");
}
