import { OttoError } from "@otto/errors";
import type { Lab } from "@otto/host-registry";
import type { DockerContainerHost } from "@otto/hosts";
import { currentLab } from "./current-lab.js";

/**
 * The container host of this id, `<parent id>.<repo>.<service>`, with `.<number>` behind it for a further replica; the
 * parent's handle may stand in its id's place. Where it is unique, `<repo>.<service>` or `<service>` is enough. Before its
 * stack is up it is a placeholder.
 * @param lab default: the current lab
 * @throws OttoError `HOST_UNKNOWN` listing the ids there are, `HOST_AMBIGUOUS` listing those that a short id may mean,
 * `LAB_NOT_SET`
 */
export function getContainerHost(hostId: string, lab: Lab = currentLab()): DockerContainerHost {
  const id = withParentId(hostId, lab);
  if (lab.hosts.has(id)) return lab.hosts.get(id);
  const short = findByShortId(hostId, lab);
  const [only = id] = short;
  if (short.length > 1) throw ambiguous(hostId, short);
  return lab.hosts.get(only);
}

/** The ids of the container hosts that a short id may mean: `<service>` or `<repo>.<service>`, each also with `.<number>`. */
export function findByShortId(shortId: string, lab: Lab): string[] {
  const wanted = shortId.toLowerCase();
  const found = lab.hosts.all().filter((host) => shortIdsOf(host, lab).includes(wanted));
  return [...new Set(found.map(({ id }) => id))];
}

function shortIdsOf({ id, service, replica }: DockerContainerHost, lab: Lab): string[] {
  const name = `${service}${replica === 1 ? "" : `.${replica}`}`.toLowerCase();
  const inRepos = lab.repos.map((repo) => `${repo.name.toLowerCase()}.${name}`);
  return [name, ...inRepos.filter((short) => id.endsWith(`.${short}`))];
}

function withParentId(hostId: string, lab: Lab): string {
  const [first = "", ...rest] = hostId.toLowerCase().split(".");
  const parent = lab.data.hosts.find(({ id, handle }) => id === first || handle === first);
  return [parent?.id ?? first, ...rest].join(".");
}

function ambiguous(hostId: string, candidates: readonly string[]): OttoError {
  return new OttoError(
    "HOST_AMBIGUOUS",
    `looking for the container host ${hostId}: ${candidates.length} are called so`,
    {
      hint: `Write one of: ${candidates.join(", ")}.`,
      details: { host: hostId, candidates: [...candidates] },
    },
  );
}
