import type { Lab } from "@otto/host-registry";
import type { DockerContainerHost } from "@otto/hosts";
import { currentLab } from "./current-lab.js";

/**
 * The container host of this id, `<parent id>.<repo>.<service>`; before its stack is up it is a placeholder.
 * @param lab default: the current lab
 * @throws OttoError `HOST_UNKNOWN` listing the ids there are, `LAB_NOT_SET`
 */
export function getContainerHost(hostId: string, lab: Lab = currentLab()): DockerContainerHost {
  return lab.hosts.get(hostId);
}
