import { cleanText, OttoError, quoteWord } from "@otto/errors";
import { checkProjectName, familiarImageName } from "@otto/hashing";
import {
  isSettled,
  listTree,
  parseSentTree,
  planTree,
  removeTree,
  type TreeListing,
  type TreePlan,
  updateTree,
} from "@otto/staging";
import { configCommand } from "./compose-command.js";
import { type Compose, createCompose } from "./compose-process.js";
import { digestKey, parseDigests } from "./digest-cache.js";
import { lastLine } from "./engine-text.js";
import { findBuilders, imageReferences, type ObservedImage } from "./image-reference.js";
import { digestServices, type ServiceDigest } from "./service-digest.js";
import type { PlacedStack } from "./stack.js";
import { observeStack, type StackObservation } from "./stack-observation.js";
import { createStackRedactor } from "./stack-redactor.js";
import { openStackSession, type StackSession } from "./stack-session.js";
import { withoutBuilding } from "./unbuilt.js";
import type { UpOptions } from "./up.js";
import { planUp, type UpPlan, type UpStep } from "./up-plan.js";

/** What is wanted of a stack beside what is there. */
export interface StackComparison {
  readonly observation: StackObservation;
  readonly tree: TreePlan;
  /** By service: what its build sees of the tree. */
  readonly built: TreeListing["built"];
}

/** Looks at the stack, and reads everything of this machine that belongs to it. */
export async function compareStack(session: StackSession, stack: PlacedStack): Promise<StackComparison> {
  const { files, parent, project } = stack;
  requireService(stack);
  const [observation, { entries, built }] = await Promise.all([
    observeStack(session, parent, { project, images: imageReferences(stack) }),
    listTree([...files.shipments, ...files.rewritten], [files.projectDirectory, ...files.madeDirectories]),
  ]);
  const shipped = files.shipments.filter(({ kind }) => kind === "bind").map(({ remotePath }) => remotePath);
  const mounts = [...shipped, ...files.madeDirectories];
  return { observation, tree: planTree(entries, observation.sent, mounts), built };
}

/** Like Compose, `up` refuses to run with no service. */
function requireService({ repo, project, files }: PlacedStack): void {
  if (files.services.some(({ enabled }) => enabled)) return;
  const profiles = [...new Set(files.services.flatMap((service) => service.profiles))];
  throw new OttoError("COMPOSE_NO_SERVICE", `bringing ${project} up: no service of ${repo.name} is selected`, {
    hint:
      profiles.length === 0
        ? "Declare a service in the Compose file."
        : `Name a profile: otto docker up --profile ${profiles[0]}. Declared: ${profiles.join(", ")}.`,
    details: { project, profiles },
  });
}

/** Decides what `up` does, given what each service's containers are to be started from. */
export function planStack(
  stack: PlacedStack,
  { containers, images }: Pick<StackObservation, "containers" | "images">,
  digests: ReadonlyMap<string, ServiceDigest>,
): UpPlan {
  return planUp(stack.files.services, { project: stack.project, containers, images, digests });
}

/** What each service's containers are to be started from, and whether compose was asked for it. */
export interface WantedDigests {
  /** As compose reads the files. */
  readonly declared: ReadonlyMap<string, ServiceDigest>;
  /** The same, but of the images that there are where nothing is built. */
  readonly wanted: ReadonlyMap<string, ServiceDigest>;
  readonly isNew: boolean;
}

interface DigestReading extends Pick<UpOptions, "build" | "signal"> {
  /** Where on the parent the files are. */
  readonly directory: string;
  readonly comparison: StackComparison;
}

/**
 * Has compose read the stack in `directory`, and digests what it makes of it, unless it read the same files last time.
 * @throws OttoError `COMPOSE_UP_FAILED` with what compose said, `COMPOSE_MISSING`
 */
export async function readDigests(
  compose: Compose,
  stack: PlacedStack,
  reading: DigestReading,
): Promise<WantedDigests> {
  const { tree, observation } = reading.comparison;
  const known = parseDigests(observation.digests, digestKey(stack, tree.wanted));
  const declared = known ?? (await digestStack(compose, stack, reading));
  const wanted = reading.build === false ? withoutBuilding(stack, observation.images, declared) : declared;
  return { declared, wanted, isNew: known === undefined };
}

async function digestStack(
  compose: Compose,
  stack: PlacedStack,
  { directory, comparison, signal }: DigestReading,
): Promise<Map<string, ServiceDigest>> {
  const { environment, projectDirectory, contentVariables } = stack.files;
  const run = { environment, cwd: `${directory}/${projectDirectory}`, signal };
  const argv = (words: readonly string[]) => configCommand(words, stack, directory);
  const model = await compose.run(argv, { ...run, joinsStderr: false });
  if (model.exitCode === 0) {
    const { tree, built } = comparison;
    const builders = findBuilders(stack);
    return digestServices(model.output, { directory, manifest: tree.wanted, built, builders, contentVariables });
  }
  signal?.throwIfAborted();
  throw upFailed(stack, (await compose.run(argv, run)).output, { directory });
}

export interface PreviewOptions extends Pick<UpOptions, "build" | "signal"> {
  /**
   * Images that will be built or tagged before `up`: name to id, undefined if the id is not known yet. Default: none.
   */
  readonly builtImages?: ReadonlyMap<string, string | undefined> | undefined;
}

/** The stack as it will be when these images have been built. */
function withBuilt(
  stack: PlacedStack,
  observation: StackObservation,
  built: PreviewOptions["builtImages"] = new Map(),
): StackObservation {
  const familiar = new Map([...built].map(([name, id]) => [familiarImageName(name), id]));
  const images: Record<string, ObservedImage | undefined> = Object.create(null);
  for (const reference of imageReferences(stack)) {
    const name = familiarImageName(reference);
    const build = observation.images[reference]?.build ?? "";
    images[reference] = familiar.has(name) ? { id: familiar.get(name) ?? "", build } : observation.images[reference];
  }
  return { ...observation, images };
}

/**
 * What `up` would do to each service. Changes nothing: where compose has to read files that are not on the parent yet,
 * they lie in a directory of their own meanwhile.
 * @throws OttoError `COMPOSE_PROJECT_INVALID`; `COMPOSE_NO_SERVICE`; `COMPOSE_UP_FAILED` when compose refuses the files; `COMPOSE_ENGINE_FAILED`, `COMPOSE_MISSING`
 */
export async function previewUp(stack: PlacedStack, options: PreviewOptions = {}): Promise<UpStep[]> {
  const { parent, project, files } = stack;
  checkProjectName(project);
  await using session = await openStackSession(parent, { project: undefined, who: "", signal: options.signal });
  const comparison = await compareStack(session, stack);
  const { tree } = comparison;
  const pulled = new Set(servicesToPull(stack));
  const observation = withBuilt(stack, comparison.observation, options.builtImages);
  const compose = createCompose(session, parent, createStackRedactor(stack));
  const plan = async (directory: string) => {
    const { wanted } = await readDigests(compose, stack, { ...options, directory, comparison });
    return planStack(stack, observation, wanted).steps.map((step) =>
      pulled.has(step.service) ? withPull(step) : step,
    );
  };
  if (isSettled(tree)) return await plan(observation.remoteDir);
  const { output } = await session.run("mktemp -d");
  const place = { shell: session, remoteDir: output.trim(), host: parent.id, docker: parent.docker.command };
  try {
    const readByCompose = files.shipments.filter(({ kind }) => composeReads.has(kind));
    const { entries } = await listTree([...readByCompose, ...files.rewritten], [files.projectDirectory]);
    await updateTree(place, planTree(entries, parseSentTree("")));
    return await plan(place.remoteDir);
  } finally {
    await removeTree(place, { volumes: true });
  }
}

/** The services whose image `up` pulls every time. Images that Compose builds need not be in a registry. */
export function servicesToPull({ files }: PlacedStack): readonly string[] {
  const pulled = files.services.filter((one) => one.enabled && one.pullPolicy === "always" && !one.hasBuild);
  return pulled.map(({ name }) => name);
}

/** Whether the registry has a newer image is unknown until it is asked. */
function withPull(step: UpStep): UpStep {
  if (step.do !== "leave") return step;
  return { ...step, cause: `${step.cause}, unless the registry has a newer image` };
}

const composeReads = new Set(["compose", "extends", "include", "dotenv", "env_file", "label_file"]);

/** The error of an `up` that compose itself refused or broke off. @param options `directory`: where the stack lies on the parent */
export function upFailed(
  { parent, project }: PlacedStack,
  text: string,
  { directory, hint }: { readonly directory?: string; readonly hint?: string | undefined } = {},
): OttoError {
  // Files of the repo go by the names that they have there.
  const output = cleanText(directory === undefined ? text : text.replaceAll(`${directory}/repo/`, ""));
  return new OttoError(
    "COMPOSE_UP_FAILED",
    `docker compose up of ${project} on ${parent.id}: ${lastLine(output) || "it said nothing"}`,
    { hint, details: { host: parent.id, project, output } },
  );
}

/** Commands for single containers, before compose runs. */
export function repairScript(plan: UpPlan, docker: string): string {
  const lines = plan.repairs.map(({ do: action, id, name }) => {
    if (action === "rename") return `${docker} container rename ${id} ${quoteWord(name ?? "")}`;
    if (action === "unpause") return `${docker} container unpause ${id}`;
    if (action === "remove") return `${docker} container rm --force ${id}`;
    return `${docker} container stop ${id} && ${docker} container rm --force ${id}`;
  });
  return `{ ${lines.join(" && ")}; } 2>&1`;
}

/** After compose has run. */
export function restartScript({ restarted }: UpPlan, docker: string): string {
  return `${docker} container restart ${restarted.join(" ")} 2>&1`;
}
