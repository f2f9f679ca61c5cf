import type { DockerContainerHost, Lab, Parent } from "@otto/docker";
import { isOttoError, OttoError } from "@otto/errors";
import { createNoticeListener } from "./output/docker-event.js";
import type { Session } from "./session.js";

/** Ids of container hosts have dots, `<parent>.<repo>.<service>`; those of lab hosts have none, and a URL is a machine's. */
export function isContainerId(id: string): boolean {
  return id.includes(".") && !/^ssh:\/\//i.test(id);
}

/**
 * The container host of an id. Its parent is the one in the id, where a stack may have been brought up with `--on`.
 *
 * @throws `HOST_UNKNOWN` listing the ids there are
 */
export async function findContainerHost(session: Session, id: string): Promise<DockerContainerHost> {
  const [{ declareStacks, getContainerHost }, lab] = await Promise.all([import("@otto/docker"), session.lab()]);
  const [parent] = id.toLowerCase().split(".");
  const isParent = isParentOf(lab, parent ?? "");
  const onEvent = createNoticeListener(session.reporter);
  const skipped = await declareStacks(lab, { onEvent, askEngine: true, ...(isParent && { on: parent }) });
  try {
    return getContainerHost(id, lab);
  } catch (error) {
    // Of another repo, a broken file is of no concern.
    const own = skipped.find(({ repo }) => id.toLowerCase().startsWith(`${parent}.${repo.name}.`.toLowerCase()));
    throw own === undefined || isOttoError(own.error, "LAB_NO_PARENT") ? explainAlias(lab, id, error) : own.error;
  }
}

/** What is missing may be meant as a machine. */
function explainAlias(lab: Lab, id: string, error: unknown): unknown {
  if (!isOttoError(error, "HOST_UNKNOWN") || !lab.sshConfig.knows(id)) return error;
  const { code, message, hint, details, cause } = error;
  const known = `${id} is an alias of your SSH configuration: ssh://${id} is the machine.`;
  return new OttoError(code, message, { hint: `${hint ?? ""} ${known}`.trim(), details, cause });
}

function isParentOf(lab: Lab, name: string): boolean {
  try {
    return lab.findHost(name).dockerCapable;
  } catch (error) {
    if (isOttoError(error, "LAB_UNKNOWN_HOST")) return false;
    throw error;
  }
}

/**
 * A host of the lab, or a machine without one.
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
  const lab = await session.lab();
  try {
    return lab.machine(id);
  } catch (error) {
    throw isOttoError(error, "LAB_UNKNOWN_HOST") ? await withContainers(lab, id, error) : error;
  }
}

/** Whoever writes the name of a service alone is told the ids of its containers. */
async function withContainers(lab: Lab, id: string, error: OttoError): Promise<OttoError> {
  const { declareStacks } = await import("@otto/docker");
  await declareStacks(lab).catch(() => undefined);
  const containers = lab.hosts.list().filter(({ service }) => service === id);
  if (containers.length === 0) return error;
  const { code, message, details } = error;
  const ids = containers.map((row) => `"${row.id}"`).join(" or ");
  return new OttoError(code, message, { hint: `Did you mean ${ids}?`, details, cause: error });
}
