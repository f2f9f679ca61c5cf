import { type BuildStep, buildImages, type ImageResult, planBuild } from "@otto/build";
import { usedImages } from "@otto/compose";
import { OttoError } from "@otto/errors";
import { familiarImageName, imageLatestTag, isOwnRegistry, parseImageReference } from "@otto/hashing";
import { eachPart, type Lab } from "@otto/host-registry";
import type { Parent } from "@otto/hosts";
import { type MatchedNode, nameNode, observeSwarm, type SwarmStack } from "@otto/swarm";
import { loginsOf } from "../registry-logins.js";
import type { ComposeUpOptions } from "../up-options.js";

/** By the name that it has in the Compose files, what each image of the settings is deployed as. */
export type DeployedImages = ReadonlyMap<string, string>;

/**
 * Makes the images of the settings that a stack is started from ready for its swarm. With a `registry_url` they are built on the
 * manager, pushed, and deployed by digest; else built on every ready node, and deployed by their hash tag.
 * @throws OttoError `BUILD_FAILED`; `SWARM_NODE_UNKNOWN` where nobody can bring an image to a node
 */
export async function prepareSwarmImages(
  stack: SwarmStack,
  lab: Lab,
  options: ComposeUpOptions,
): Promise<DeployedImages> {
  const names = usedNames(stack);
  if (names.length === 0) return new Map();
  const { build = true, signal } = options;
  const { repo, parent } = stack;
  const hasRegistry = isOwnRegistry(repo.docker.registryUrl);
  if (build) {
    const parents = hasRegistry ? [parent] : await findBuilders(stack, options);
    await eachPart(
      parents.map((one) => ({ parent: one })),
      ({ parent: on }) => buildOn(stack, { on, names, push: hasRegistry, lab, options }),
      { signal },
    );
  }
  return resolve(stack, lab, { ...options, names, mustResolve: hasRegistry });
}

/** The same without building: an image that is not in the registry yet has its hash tag. Changes nothing. */
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
  return active.flatMap(({ isReady, machine }) => (isReady && machine !== undefined ? [machine.open()] : []));
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

async function buildOn(
  { repo }: SwarmStack,
  {
    on,
    names,
    push,
    lab,
    options,
  }: {
    readonly on: Parent;
    readonly names: readonly string[];
    readonly push: boolean;
    readonly lab: Lab;
    readonly options: ComposeUpOptions;
  },
): Promise<void> {
  const results = await buildImages(repo, on, {
    imageNames: names,
    cacheDir: options.cacheDir,
    env: lab.sshEnvironment.env,
    commands: lab.commands,
    signal: options.signal,
    onEvent: options.onEvent,
    ...(push && { push }),
  });
  const failed = Object.entries(results).find((result): result is [string, Failed] => result[1].status === "failed");
  if (failed === undefined) return;
  const [name, { error, message }] = failed;
  throw new OttoError(
    "BUILD_FAILED",
    `bringing ${repo.name} up: the image ${name} could not be built on ${on.id}: ${error.message}`,
    { hint: error.hint, details: { images: [name], output: message, causeCode: error.code }, cause: error },
  );
}

type Failed = Extract<ImageResult, { status: "failed" }>;
