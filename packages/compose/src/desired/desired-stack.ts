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
} from "@otto/remote-tree";
import { lastLine } from "../declared/engine-text.js";
import { findBuilders, imageReferences, type ObservedImage } from "../declared/image-reference.js";
import type { PlacedStack } from "../declared/stack.js";
import { createStackRedactor } from "../declared/stack-redactor.js";
import { withoutBuilding } from "../execute/missing-images.js";
import { observeStack, type StackObservation } from "../observed/observed-stack.js";
import { planUp, type UpPlan, type UpStep } from "../plan/reconcile.js";
import { configCommand } from "../session/compose-command.js";
import { type Compose, createCompose, runInTree } from "../session/compose-process.js";
import { openStackSession, type StackSession } from "../session/stack-session.js";
import type { UpOptions } from "../up.js";
import { digestKey, parseDigests } from "./digest-cache.js";
import { digestServices, type ServiceDigest } from "./service-digest.js";

/** What is wanted of a stack beside what is there. */
export interface StackComparison {
  readonly observation: StackObservation;
  readonly tree: TreePlan;
  /** By service: what its build sees of the tree. */
  readonly built: TreeListing["built"];
}

/** Looks at the stack, and reads everything of this machine that belongs to it. */
export async function compareStack(
  session: StackSession,
  stack: PlacedStack,
  { cacheDir, signal }: Pick<UpOptions, "cacheDir" | "signal"> = {},
): Promise<StackComparison> {
  const { files, parent, project } = stack;
  requireService(stack);
  const [observation, { entries, built }] = await Promise.all([
    observeStack(session, parent, { project, images: imageReferences(stack) }),
    listTree([...files.shipments, ...files.rewritten], {
      directories: [files.projectDirectory, ...files.madeDirectories],
      cacheDir,
      signal,
    }),
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
  { containers, images, now }: Pick<StackObservation, "containers" | "images" | "now">,
  { digests, build = true }: { readonly digests: ReadonlyMap<string, ServiceDigest> } & Pick<UpOptions, "build">,
): UpPlan {
  return planUp(stack.files.services, { project: stack.project, containers, images, digests, mayBuild: build, now });
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
  readonly session: StackSession;
  readonly compose: Compose;
  readonly comparison: StackComparison;
}

/**
 * Has compose read the stack, and digests what it makes of it, unless it read the same files last time. Nothing of the
 * staged tree is changed: files that are not there yet lie in a directory of their own meanwhile.
 * @throws OttoError `COMPOSE_UP_FAILED` with what compose said, `COMPOSE_MISSING`
 */
export async function readDigests(stack: PlacedStack, reading: DigestReading): Promise<WantedDigests> {
  const { tree, observation } = reading.comparison;
  const known = parseDigests(observation.digests, digestKey(stack, tree.wanted));
  const declared = known ?? (await readStaged(stack, reading));
  const wanted = reading.build === false ? withoutBuilding(stack, observation.images, declared) : declared;
  return { declared, wanted, isNew: known === undefined };
}

async function readStaged(stack: PlacedStack, reading: DigestReading): Promise<Map<string, ServiceDigest>> {
  const { session, comparison } = reading;
  if (isSettled(comparison.tree)) return digestStack(stack, reading, comparison.observation.remoteDir);
  const { parent, files } = stack;
  const { exitCode, output } = await session.run('mkdir -m 700 "$scratch" 2>&1 && printf %s "$scratch"');
  if (exitCode !== 0) throw upFailed(stack, output);
  const place = { shell: session, remoteDir: output, host: parent.id, docker: parent.docker.command };
  try {
    const readByCompose = files.shipments.filter(({ kind }) => composeReads.has(kind));
    const { entries } = await listTree([...readByCompose, ...files.rewritten], {
      directories: [files.projectDirectory],
    });
    await updateTree(place, planTree(entries, parseSentTree("")));
    return await digestStack(stack, reading, place.remoteDir);
  } finally {
    await removeTree(place, { volumes: true });
  }
}

const composeReads = new Set(["compose", "extends", "include", "dotenv", "env_file", "label_file"]);

async function digestStack(
  stack: PlacedStack,
  { compose, comparison, signal }: DigestReading,
  directory: string,
): Promise<Map<string, ServiceDigest>> {
  const { contentVariables } = stack.files;
  const run = runInTree(compose, stack, directory);
  const argv = (words: readonly string[]) => configCommand(words, stack, directory);
  const model = await run(argv, { signal, joinsStderr: false });
  if (model.exitCode === 0) {
    const { tree, built } = comparison;
    const builders = findBuilders(stack);
    return digestServices(model.output, { directory, manifest: tree.wanted, built, builders, contentVariables });
  }
  signal?.throwIfAborted();
  throw upFailed(stack, (await run(argv, { signal })).output, { directory });
}

export interface PreviewOptions extends Pick<UpOptions, "build" | "cacheDir" | "signal"> {
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
 * What `up` would do to each service. Changes nothing.
 * @throws OttoError `COMPOSE_PROJECT_INVALID`; `COMPOSE_NO_SERVICE`; `COMPOSE_UP_FAILED` when compose refuses the files; `COMPOSE_ENGINE_FAILED`, `COMPOSE_MISSING`
 */
export async function previewUp(stack: PlacedStack, options: PreviewOptions = {}): Promise<UpStep[]> {
  const { parent, project } = stack;
  checkProjectName(project);
  await using session = await openStackSession(parent, { project: undefined, who: "", signal: options.signal });
  const comparison = await compareStack(session, stack, options);
  const compose = createCompose(session, parent, createStackRedactor(stack));
  const { wanted } = await readDigests(stack, { ...options, session, compose, comparison });
  const observation = withBuilt(stack, comparison.observation, options.builtImages);
  return [...planStack(stack, observation, { digests: wanted, build: options.build }).steps];
}

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
