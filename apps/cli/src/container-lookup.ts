import type { DockerContainerHost, Parent } from "@otto/docker";
import { OttoError } from "@otto/errors";
import type { Session } from "./session.js";

/** Ids of container hosts have dots, `<parent>.<repo>.<service>`; those of lab hosts have none. */
export function isContainerId(id: string): boolean {
  return id.includes(".");
}

/**
 * The container host of an id. Its parent is the one in the id, where a stack may have been brought up with `--on`.
 *
 * @throws `HOST_UNKNOWN` listing the ids there are
 */
export async function findContainerHost(session: Session, id: string): Promise<DockerContainerHost> {
  const [{ declareStacks, getContainerHost }, lab] = await Promise.all([import("@otto/docker"), session.lab()]);
  const [parent] = id.toLowerCase().split(".");
  const isParent = lab.data.hosts.some(
    ({ id: hostId, handle, dockerCapable }) => dockerCapable && (hostId === parent || handle === parent),
  );
  await declareStacks(lab, isParent ? { on: parent } : {});
  return getContainerHost(id, lab);
}

/**
 * A host of the lab.
 *
 * @param containerOptions that were given and have a meaning in containers only
 * @throws `LAB_UNKNOWN_HOST`, `CLI_USAGE`
 */
export async function findMachine(session: Session, id: string, containerOptions: object = {}): Promise<Parent> {
  for (const [name, value] of Object.entries(containerOptions)) {
    if (value === undefined) continue;
    throw new OttoError("CLI_USAGE", `--${name} has no meaning on ${id}: it is no container`, {
      hint: "Its login is chosen in the lab, by `user`.",
    });
  }
  return (await session.lab()).machine(id);
}
