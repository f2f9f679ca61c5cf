import { readComposeModel, type StackSession } from "@otto/compose";
import { cleanText, OttoError } from "@otto/errors";
import type { SwarmStack } from "../swarm-stack.js";
import { readStackModel, type StackModel } from "./stack-model.js";

/**
 * Reads a stack as the parent's compose does, for a swarm.
 * @throws OttoError `COMPOSE_UP_FAILED`, `COMPOSE_MISSING`, `SWARM_MOUNT_LOCAL`, `SWARM_IMAGE_UNBUILT`
 */
export async function readSwarmModel(
  session: StackSession,
  stack: SwarmStack,
  signal: AbortSignal | undefined,
): Promise<StackModel> {
  const { model, directory } = await readComposeModel(session, stack, { signal });
  const read = readStackModel(model, directory);
  refuseLocalMounts(stack, read);
  refuseUnbuilt(stack, read);
  return read;
}

function refuseLocalMounts({ project }: SwarmStack, { localMounts }: StackModel): void {
  const [first] = localMounts;
  if (first === undefined) return;
  const path = cleanText(first.path.replace(/^repo\/?/, "") || ".");
  throw new OttoError(
    "SWARM_MOUNT_LOCAL",
    `deploying ${project}: the service ${first.service} mounts ${path} of the repository, and its tasks may run on any node`,
    {
      hint: "Make it a config or a secret, copy it into the image, or mount a volume.",
      details: { project, service: first.service, path, target: first.target },
    },
  );
}

function refuseUnbuilt({ project }: SwarmStack, { services }: StackModel): void {
  for (const [name, { entry }] of services) {
    if (typeof entry.image === "string" && entry.image !== "") continue;
    throw new OttoError(
      "SWARM_IMAGE_UNBUILT",
      `deploying ${project}: the service ${name} names no image, and a swarm builds none`,
      {
        hint: "Declare the image in [[docker.images]] of the settings, and name it by `image` in the Compose file.",
        details: { project, service: name },
      },
    );
  }
}

/** What Swarm has no use for, one sentence; undefined: there is nothing. */
export function describeIgnored({ services, ignored }: StackModel): string | undefined {
  const own = [...services].flatMap(([name, service]) => {
    return service.ignored.length === 0 ? [] : [`${name}: ${service.ignored.join(", ")}`];
  });
  const all = [...own, ...(ignored.length === 0 ? [] : [ignored.join(", ")])];
  return all.length === 0 ? undefined : `Swarm ignores these keys: ${cleanText(all.join("; "))}`;
}
