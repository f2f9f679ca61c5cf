import { containerHostId, readListedStatus, type StackWarning } from "@otto/compose";
import type { Repo } from "@otto/config";
import { withListener } from "@otto/errors";
import type { Lab, RepoPart } from "@otto/host-registry";
import { readServiceReplica } from "@otto/hosts";
import { getUserComposeProject } from "./compose-project.js";
import { checkServices } from "./declared-services.js";
import { callParts, type OnParent } from "./repo-parts.js";
import { isUnreadableStack } from "./service-replicas.js";
import { type ServiceStatus, toStackContainer } from "./service-status.js";
import { memberOf, type PlacementOptions, placeStack, projectNameOf } from "./stack-placement.js";
import { stackEngineOf } from "./swarm/stack-engine.js";
import { readSwarmStatus } from "./swarm/swarm-status.js";

/** A stack: every declared service, and every container, by name; those of further parents behind. */
export interface StackStatus {
  readonly repo: string;
  /** Id; of several, the first one's. Each service has its own. */
  readonly parent: string;
  readonly project: string;
  /** Whose it is: the last part of the name that {@link getUserComposeProject} makes; else the project. */
  readonly owner: string;
  readonly services: readonly ServiceStatus[];
}

export interface ComposeStatusOptions extends PlacementOptions {
  /** Default: all. */
  readonly services?: readonly string[] | undefined;
  /** Called with what each parent answers, as it comes: the others too, where one cannot be asked. */
  readonly onAnswer?: ((answer: StackStatus) => void) | undefined;
  /** Hears which manager of a swarm is asked where the one that the settings name does not answer. */
  readonly onEvent?: ((event: OnParent<StackWarning>) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What each service of a repo's stack is at: replicas that are declared and absent, too. One request to each engine.
 * @throws OttoError `COMPOSE_UNKNOWN_SERVICE`, what `readStack` throws where there is no container either, what connecting
 * throws and, when all of several parents have been asked, what `eachPart` throws
 */
export async function composeStatus(repo: Repo, lab: Lab, options: ComposeStatusOptions = {}): Promise<StackStatus> {
  const { onAnswer } = options;
  return withListener(onAnswer, async (tell) => {
    const results = await callParts({ repo, lab, doing }, options, async (part, own) => {
      const status = await readPartStatus(part, lab, own);
      tell(status);
      return status;
    });
    return joinStatus(results.map(({ value }) => value));
  });
}

/** Of several parents: the first one's, with the services of all. */
function joinStatus(all: readonly StackStatus[]): StackStatus {
  // There is at least one.
  const first = all[0] as StackStatus;
  return all.length === 1 ? first : { ...first, services: all.flatMap(({ services }) => services) };
}

const doing = "listing containers";

/** The same of what is on one parent. */
export async function readPartStatus(
  part: RepoPart,
  lab: Lab,
  options: Omit<ComposeStatusOptions, "onAnswer">,
): Promise<StackStatus> {
  const { on, projectName, profiles, signal, onEvent } = options;
  const { repo, parent } = part;
  const project = projectNameOf(repo, lab, options);
  const placement = { on, projectName, profiles };
  const named = await checkServices(part, lab, { ...placement, services: options.services, doing });
  if (stackEngineOf(part) === "swarm") {
    const there = await readSwarmStatus(part, lab, { ...placement, signal, onEvent });
    const declared = await listReplicas(part, lab, { ...placement, isNeeded: there.length === 0 });
    const isEnabled = (name: string) => declared.some(({ service, enabled }) => service === name && enabled);
    const tasks = there.map((one): ServiceStatus => ({ ...one, enabled: isEnabled(one.service) }));
    return {
      repo: repo.name,
      parent: parent.id,
      project,
      owner: ownerOf(project, repo),
      services: joinReplicas({ part, there: tasks, declared, named }),
    };
  }
  const member = memberOf(repo);
  const labels = [`com.docker.compose.project=${project}`, ...(member === undefined ? [] : [`otto.repo=${member}`])];
  const listed = await parent.engine.listContainers({ labels, all: true }, signal);
  const declared = await listReplicas(part, lab, { ...placement, isNeeded: listed.length === 0 });
  const there = listed.map((summary): ServiceStatus => {
    const place = readServiceReplica(summary.Labels);
    const service = place?.service ?? summary.Labels["com.docker.compose.service"] ?? "";
    const replica = place?.replica ?? 1;
    const isEnabled = declared.some((one) => one.service === service && one.enabled);
    return {
      parent: parent.id,
      host: place && containerHostId({ ...place, parent: parent.id, repo: repo.name }),
      service,
      replica,
      enabled: isEnabled,
      ...readListedStatus(summary),
      container: toStackContainer(summary),
    };
  });
  const services = joinReplicas({ part, there, declared, named });
  return { repo: repo.name, parent: parent.id, project, owner: ownerOf(project, repo), services };
}

/** What is there, and the declared replicas that are not. */
function joinReplicas({
  part: { repo, parent },
  there,
  declared,
  named,
}: {
  readonly part: RepoPart;
  readonly there: readonly ServiceStatus[];
  readonly declared: readonly Replica[];
  readonly named: readonly string[] | undefined;
}): ServiceStatus[] {
  const isThere = (one: Replica) =>
    there.some(
      ({ service, replica, host }) => host !== undefined && service === one.service && replica === one.replica,
    );
  const absent = declared
    .filter((one) => !isThere(one))
    .map((one): ServiceStatus => {
      const host = containerHostId({ ...one, parent: parent.id, repo: repo.name });
      return { ...one, parent: parent.id, host, state: "absent", container: undefined };
    });
  return [...there, ...absent]
    .filter(({ service }) => named === undefined || named.includes(service))
    .toSorted(compareServices);
}

interface Replica {
  readonly service: string;
  readonly replica: number;
  readonly enabled: boolean;
}

/** @param options `isNeeded`: files that cannot be read are an error */
async function listReplicas(
  part: RepoPart,
  lab: Lab,
  { isNeeded, ...options }: PlacementOptions & { readonly isNeeded: boolean },
): Promise<Replica[]> {
  try {
    const { files } = await placeStack(part, lab, options);
    return files.services.flatMap(({ name: service, replicas, enabled }) =>
      Array.from({ length: replicas }, (_, index) => ({ service, replica: index + 1, enabled })),
    );
  } catch (error) {
    if (isNeeded || !isUnreadableStack(error)) throw error;
    return [];
  }
}

function compareServices(a: ServiceStatus, b: ServiceStatus): number {
  return compareText(a.service, b.service) || a.replica - b.replica || compareText(nameOf(a), nameOf(b));
}

function nameOf({ container }: ServiceStatus): string {
  return container?.row.Names ?? "";
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function ownerOf(project: string, { name }: Repo): string {
  // The suffix is a letter, which is taken off again: what a name becomes depends on the repo's alone.
  const prefix = getUserComposeProject(name, "x").slice(0, -1);
  return project.startsWith(prefix) ? project.slice(prefix.length) : project;
}
