import type { Lab } from "@otto/host-registry";
import type { DockerContainerHost } from "@otto/hosts";
import { currentLab } from "./current-lab.js";

/**
 * The container host of this id, `<parent id>.<repo>.<service>`, or with the parent's handle in its place; before its stack
 * is up it is a placeholder.
 * @param lab default: the current lab
 * @throws OttoError `HOST_UNKNOWN` listing the ids there are, `LAB_NOT_SET`
 */
export function getContainerHost(hostId: string, lab: Lab = currentLab()): DockerContainerHost {
  const [first = "", ...rest] = hostId.toLowerCase().split(".");
  const parent = lab.data.hosts.find(({ id, handle }) => id === first || handle === first);
  return lab.hosts.get([parent?.id ?? first, ...rest].join("."));
}
