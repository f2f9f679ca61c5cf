import { cleanText, OttoError } from "@otto/errors";
import { isSettled, listTree, planTree, quoteWord, removeTree, type TreePlan, updateTree } from "@otto/staging";
import { configCommand } from "./compose-command.js";
import { type Compose, createCompose } from "./compose-process.js";
import { digestServices, type ServiceDigest } from "./service-digest.js";
import type { PlacedStack } from "./stack.js";
import { observeStack, type StackObservation } from "./stack-observation.js";
import { openStackSession, type StackSession } from "./stack-session.js";
import { planUp, type UpPlan, type UpStep } from "./up-plan.js";

/** What is wanted of a stack beside what is there. */
export interface StackComparison {
  readonly observation: StackObservation;
  readonly tree: TreePlan;
}

/** Looks at the stack, and reads everything of this machine that belongs to it. */
export async function compareStack(session: StackSession, stack: PlacedStack): Promise<StackComparison> {
  const { files, parent, project } = stack;
  const images = files.services.map(({ image, name }) => image ?? `${project}-${name}`);
  const [observation, entries] = await Promise.all([
    observeStack(session, parent, { project, images: [...new Set(images)] }),
    listTree([...files.shipments, ...files.rewritten], [files.projectDirectory]),
  ]);
  return { observation, tree: planTree(entries, observation.manifest) };
}

/** Decides what `up` does, given what each service's containers are to be started from. */
export function planStack(
  stack: PlacedStack,
  { observation }: StackComparison,
  digests: ReadonlyMap<string, ServiceDigest>,
): UpPlan {
  const { containers, imageIds } = observation;
  return planUp(stack.files.services, { project: stack.project, containers, imageIds, digests });
}

/**
 * Has compose read the stack in `directory`, and digests what it makes of it.
 * @throws OttoError `COMPOSE_UP_FAILED` with what compose said, `COMPOSE_MISSING`
 */
export async function readDigests(
  compose: Compose,
  stack: PlacedStack,
  read: { directory: string; tree: TreePlan; signal?: AbortSignal | undefined },
): Promise<Map<string, ServiceDigest>> {
  const { files } = stack;
  const { directory, signal } = read;
  const run = { environment: files.environment, cwd: `${directory}/${files.projectDirectory}`, signal };
  const argv = (words: readonly string[]) => configCommand(words, stack, directory);
  const model = await compose.run(argv, { ...run, joinsStderr: false });
  if (model.exitCode === 0) {
    return digestServices(model.output, { directory, manifest: read.tree.wanted, environment: files.environment });
  }
  signal?.throwIfAborted();
  throw upFailed(stack, (await compose.run(argv, run)).output);
}

/**
 * What `up` would do to each service. Changes nothing: where compose has to read files that are not on the parent yet,
 * they lie in a directory of their own meanwhile.
 * @throws OttoError `COMPOSE_UP_FAILED` when compose refuses the files; `COMPOSE_ENGINE_FAILED`, `COMPOSE_MISSING`
 */
export async function previewUp(stack: PlacedStack, signal?: AbortSignal): Promise<UpStep[]> {
  const { parent, files } = stack;
  await using session = await openStackSession(parent, { project: undefined, who: "", signal });
  const comparison = await compareStack(session, stack);
  if (comparison.observation.containers.length === 0) return [...planStack(stack, comparison, new Map()).steps];
  const compose = createCompose(session, parent);
  const { remoteDir } = comparison.observation;
  if (isSettled(comparison.tree)) {
    const digests = await readDigests(compose, stack, { directory: remoteDir, tree: comparison.tree, signal });
    return [...planStack(stack, comparison, digests).steps];
  }
  const { output } = await session.run("mktemp -d");
  const place = { shell: session, remoteDir: output.trim(), host: parent.id, docker: parent.docker.command };
  try {
    const readByCompose = files.shipments.filter(({ kind }) => composeReads.has(kind));
    const entries = await listTree([...readByCompose, ...files.rewritten], [files.projectDirectory]);
    await updateTree(place, planTree(entries, {}));
    const read = { directory: place.remoteDir, tree: comparison.tree, signal };
    return [...planStack(stack, comparison, await readDigests(compose, stack, read)).steps];
  } finally {
    await removeTree(place);
  }
}

const composeReads = new Set(["compose", "extends", "include", "dotenv", "env_file", "label_file"]);

/** The error of an `up` that compose itself refused or broke off. */
export function upFailed({ parent, project }: PlacedStack, text: string): OttoError {
  const output = cleanText(text);
  const lines = output.trimEnd().split("\n");
  return new OttoError(
    "COMPOSE_UP_FAILED",
    `docker compose up of ${project} on ${parent.id}: ${lines.at(-1) || "it said nothing"}`,
    { details: { host: parent.id, project, output } },
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
  return `{ ${["true", ...lines].join(" && ")}; } 2>&1`;
}
