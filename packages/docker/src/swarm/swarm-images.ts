import { type BuildStep, type BuildTarget, planBuild } from "@otto/build";
import { usedImages } from "@otto/compose";
import { OttoError } from "@otto/errors";
import { familiarImageName, imageLatestTag, isOwnRegistry, parseImageReference } from "@otto/hashing";
import type { Lab } from "@otto/host-registry";
import type { Parent } from "@otto/hosts";
import { type MatchedNode, nameNode, observeSwarm, type SwarmStack } from "@otto/swarm";
import { loginsOf } from "../registry-logins.js";
import type { ComposeUpOptions } from "../up-options.js";

/** By the name that it has in the Compose files, what each image of the settings is deployed as. */
export type DeployedImages = ReadonlyMap<string, string>;

/**
 * The parents that build the images which a swarm's stack is started from. With a `registry_url` that is its manager, which pushes
 * them; else every ready node.
 * @throws OttoError `SWARM_NODE_UNKNOWN` where nobody can bring an image to a node
 */
export async function listSwarmTargets(stack: SwarmStack, options: ComposeUpOptions): Promise<BuildTarget[]> {
  const imageNames = usedNames(stack);
  if (imageNames.length === 0) return [];
  if (isOwnRegistry(stack.repo.docker.registryUrl)) return [{ parent: stack.parent, imageNames, push: true }];
  return (await findBuilders(stack, options)).map((parent) => ({ parent, imageNames }));
}

/** What the images are deployed as when they have been built: with a `registry_url` by digest, else by their hash tag. */
export async function resolveSwarmImages(
  stack: SwarmStack,
  lab: Lab,
  options: ComposeUpOptions,
): Promise<DeployedImages> {
  const mustResolve = isOwnRegistry(stack.repo.docker.registryUrl);
  return resolve(stack, lab, { ...options, names: usedNames(stack), mustResolve });
}

/** The same before that: an image that is not in the registry yet has its hash tag. Changes nothing. */
export async function planSwarmImages(
  stack: SwarmStack,
  lab: Lab,
  options: ComposeUpOptions & { readonly builds?: readonly BuildStep[] | undefined },
): Promise<DeployedImages> {
  return resolve(stack, lab, { ...options, names: usedNames(stack), mustResolve: false });
}

/** The images of the settings that services of the stack are started from. */
function usedNames(stack: SwarmStack): readonly string[] {
  return usedImages(stack) ?? stack.repo.docker.images.map(({ name }) => name);
}

async function resolve(
  { repo, parent }: SwarmStack,
  lab: Lab,
  {
    names,
    mustResolve,
    builds,
    cacheDir,
    signal,
  }: ComposeUpOptions & {
    readonly names: readonly string[];
    readonly mustResolve: boolean;
    readonly builds?: readonly BuildStep[] | undefined;
  },
): Promise<DeployedImages> {
  if (names.length === 0) return new Map();
  const steps = builds ?? (await planBuild(repo, parent, { imageNames: names, cacheDir, signal }));
  const { registryUrl } = repo.docker;
  const findLogin = loginsOf(lab, { signal });
  const resolved = steps.flatMap((step) => (step.do === "fail" ? [] : [step.wanted]));
  return new Map(
    await Promise.all(
      resolved.map(async ({ image, tag }): Promise<[string, string]> => {
        const name = familiarImageName(imageLatestTag(registryUrl, repo.name, image));
        if (!isOwnRegistry(registryUrl)) return [name, tag];
        const credentials = await findLogin(parseImageReference(tag).registry);
        const asked = parent.engine.findDigest({ reference: tag, credentials }, signal);
        return [name, mustResolve ? await asked : await asked.catch(() => tag)];
      }),
    ),
  );
}

/** The parents of all nodes that may get a task. */
async function findBuilders(stack: SwarmStack, { onEvent, signal }: ComposeUpOptions): Promise<Parent[]> {
  const { nodes } = await observeSwarm(stack, signal);
  const active = nodes.filter(({ isActive }) => isActive);
  const outside = active.find(({ machine }) => machine === undefined);
  if (outside !== undefined) throw outOfReach(stack, outside);
  const silent = active.filter(({ isReady }) => !isReady);
  for (const node of silent) {
    const message = `images are not built on ${nameNode(node)}, which does not answer the managers; \`otto docker up\` does it when it is back`;
    onEvent?.({ type: "compose.warning", project: stack.project, message });
  }
  const ready = active.flatMap(({ isReady, machine }) => (isReady && machine !== undefined ? [machine] : []));
  // A swarm lists its nodes in any order.
  const order = stack.machines.map(({ id }) => id);
  return ready.toSorted((a, b) => order.indexOf(a.id) - order.indexOf(b.id)).map(({ open }) => open());
}

function outOfReach({ repo, project }: SwarmStack, node: MatchedNode): OttoError {
  return new OttoError(
    "SWARM_NODE_UNKNOWN",
    `deploying ${project}: nobody can bring the images of ${repo.name} to the node ${nameNode(node)}`,
    {
      hint: "Set `registry_url` in the settings, so that nodes pull them; or add that host to the lab. A node that is to have no tasks: `docker node update --availability drain NODE`.",
      details: { project, node: node.id },
    },
  );
}
