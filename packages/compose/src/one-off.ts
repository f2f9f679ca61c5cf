import { randomBytes } from "node:crypto";
import type { ContainerProcess } from "@otto/engine";
import { isOttoError, OttoError, quoteCommand, quoteWord } from "@otto/errors";
import type { Parent } from "@otto/hosts";
import { lastLine } from "./declared/engine-text.js";
import { imageReferences } from "./declared/image-reference.js";
import type { PlacedStack } from "./declared/stack.js";
import { createStackRedactor } from "./declared/stack-redactor.js";
import { listStack, readDesiredStack } from "./desired/desired-stack.js";
import { sendFiles } from "./execute/staged-files.js";
import type { UpOptions } from "./execute/up-options.js";
import { observeStack } from "./observed/observed-stack.js";
import { stackCommand } from "./session/compose-command.js";
import { createCompose, runInTree } from "./session/compose-process.js";
import { withStackLock } from "./session/stack-lock.js";
import type { StackSession } from "./session/stack-session.js";

/** What a one-off container is to be. */
export interface OneOff {
  readonly service: string;
  /** Instead of the service's own. Default: its own. */
  readonly command?: readonly string[] | undefined;
  readonly entrypoint?: string | undefined;
  readonly user?: string | undefined;
  readonly workdir?: string | undefined;
  /** Further variables. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** As of `docker compose run`, on the parent: `/data:/data`. */
  readonly volumes?: readonly string[] | undefined;
  /** Whether the service's ports are published. Default false. */
  readonly servicePorts?: boolean | undefined;
  /** Whether the networks know it by the service's names. Default false. */
  readonly useAliases?: boolean | undefined;
  /** Whether it has a terminal. */
  readonly terminal: boolean;
}

export type OneOffOptions = Pick<UpOptions, "cacheDir" | "who" | "signal" | "onEvent">;

/** A container that is removed when it is disposed, and when the client or its link dies. */
export interface OneOffContainer extends AsyncDisposable {
  readonly name: string;
  /** Its main process, with all that it writes. Its stdin is open. */
  readonly process: ContainerProcess;
}

/**
 * Starts a one-off container of a service as `docker compose run`, with the stack's lock; what it depends on is to run already. A
 * process on the parent removes it when it is disposed, or when this process is gone.
 * @throws OttoError `COMPOSE_RUN_FAILED` with what compose or the engine said, and what `bringUp` throws before it starts anything
 */
export async function startOneOff(
  stack: PlacedStack,
  oneOff: OneOff,
  options: OneOffOptions,
): Promise<OneOffContainer> {
  const id = randomBytes(6).toString("hex");
  const name = `${stack.project}-${oneOff.service}-run-${id}`;
  const reaper = await openReaper(stack.parent, name);
  let process: ContainerProcess | undefined;
  try {
    process = await withStackLock(stack, options, async (session) => {
      await createContainer(session, stack, { ...options, oneOff, id, name });
      process = await startCreated(stack, { ...options, oneOff, name });
      return process;
    });
  } catch (error) {
    process?.disconnect();
    await reaper[Symbol.asyncDispose]();
    throw error;
  }
  return { name, process, [Symbol.asyncDispose]: () => reaper[Symbol.asyncDispose]() };
}

interface NamedOneOff extends OneOffOptions {
  readonly oneOff: OneOff;
  readonly name: string;
}

/**
 * Has `docker compose run` create the container, and stop before it starts it: what the container writes first would be gone by
 * the time anybody could join it.
 */
async function createContainer(
  session: StackSession,
  stack: PlacedStack,
  { oneOff, id, name, ...options }: NamedOneOff & { readonly id: string },
): Promise<void> {
  const { cacheDir, signal } = options;
  const [observed, listing] = await Promise.all([
    observeStack(session, imageReferences(stack)),
    listStack(stack, { cacheDir, signal }),
  ]);
  const compose = createCompose(session, createStackRedactor(stack));
  const desired = await readDesiredStack(compose, stack, { observed, listing, signal });
  const directory = observed.remoteDir;
  await sendFiles(session, { directory, tree: desired.tree }, options);
  const overrideFile = await writeOverride(session, stack, { oneOff, id });
  const argv = (words: readonly string[]) => runCommand(words, stack, { directory, name, oneOff, overrideFile });
  const run = runInTree(compose, stack, directory);
  const isDone = (output: string) => isCreated(output, id);
  const { exitCode, output } = await run(argv, { signal, inTerminal: oneOff.terminal, isDone });
  signal?.throwIfAborted();
  if (exitCode !== 0 && isDone(output)) return;
  // One that does not know such a config refuses it by its name.
  const isTooOld = exitCode === 0 || output.includes(lastConfig(id));
  throw runFailed(stack, oneOff.service, output, isTooOld ? composeTooOld : imageMissing);
}

const composeTooOld = "A one-off container needs Docker Compose 2.23.1 or newer there.";
const imageMissing = "Is its image there? `otto docker build` makes those of the settings.";

/** Starts what was created, with its streams. */
async function startCreated(stack: PlacedStack, { oneOff, name, signal }: NamedOneOff): Promise<ContainerProcess> {
  const { terminal, service } = oneOff;
  try {
    return await stack.parent.engine.startContainer(name, { terminal, stdin: true }, signal);
  } catch (error) {
    if (!isOttoError(error, "ENGINE_REQUEST_FAILED")) throw error;
    const reason = error.details?.reason;
    throw runFailed(stack, service, typeof reason === "string" ? reason : error.message);
  }
}

/**
 * Writes the override of a one-off container into a Compose file in the session's scratch directory.
 * @returns its path
 */
async function writeOverride(
  session: StackSession,
  stack: PlacedStack,
  { oneOff, id }: { readonly oneOff: OneOff; readonly id: string },
): Promise<string> {
  const { exitCode, output } = await session.run(`directory=$(make_scratch) || { printf %s "$directory"; exit 1; }
printf %s ${quoteWord(formatOverride(oneOff, id))} >"$directory/override.json" && printf %s "$directory/override.json"`);
  if (exitCode !== 0) throw runFailed(stack, oneOff.service, output);
  return output;
}

/** The variable that compose misses once it has created the container `id`. Nobody sets it. */
const missingVariable = (id: string) => `not_set_${id}`;
/** Compose before 2.24 sorts configs by name. */
const lastConfig = (id: string) => `zzzz-not-started-${id}`;

/**
 * A Compose file that adds to a service its variables, as they are: nothing in them is interpolated. In compose's own environment
 * they would change what the files interpolate, and `PATH` or `DOCKER_HOST` the docker client itself.
 *
 * It also gives the service a last `configs` entry, of a variable that is not set. Compose (2.23.1 to 5.5 at least) creates the
 * container, joins it to its networks, copies into it the secrets and configs that are made of variables, ends at this one, and
 * leaves the container as it is: created, not started. Of one with a variable it makes no mount.
 */
export function formatOverride({ service, env = {} }: Pick<OneOff, "service" | "env">, id: string): string {
  const values = Object.entries(env).map(([name, value]) => [name, value.replaceAll("$", "$$$$")] as const);
  return JSON.stringify({
    services: { [service]: { environment: Object.fromEntries(values), configs: [lastConfig(id)] } },
    configs: { [lastConfig(id)]: { environment: missingVariable(id) } },
  });
}

/** Whether compose ended where {@link formatOverride} has it end: then alone it names that variable. It has no exit code for that. */
export function isCreated(output: string, id: string): boolean {
  return output.includes(missingVariable(id));
}

interface RunOptions {
  readonly directory: string;
  readonly name: string;
  readonly oneOff: OneOff;
  readonly overrideFile: string;
}

function runCommand(
  compose: readonly string[],
  stack: PlacedStack,
  { directory, name, oneOff, overrideFile }: RunOptions,
): string[] {
  const { service, command = [], entrypoint, user, workdir, volumes = [], servicePorts, useAliases } = oneOff;
  return [
    ...stackCommand(compose, stack, directory),
    ...["--file", overrideFile],
    ...["run", "--detach", "--no-deps", "--interactive", `--name=${name}`, `--no-TTY=${!oneOff.terminal}`],
    ...(entrypoint === undefined ? [] : [`--entrypoint=${entrypoint}`]),
    ...(user === undefined ? [] : [`--user=${user}`]),
    ...(workdir === undefined ? [] : [`--workdir=${workdir}`]),
    ...volumes.map((volume) => `--volume=${volume}`),
    ...(servicePorts === true ? ["--service-ports"] : []),
    ...(useAliases === true ? ["--use-aliases"] : []),
    ...["--", service, ...command],
  ];
}

/**
 * A process on the parent that removes a container when its stdin ends. Without a word before that, its client is gone, and
 * the engine may have been asked for the container a moment ago.
 */
async function openReaper(parent: Parent, name: string): Promise<AsyncDisposable> {
  const remove = `${quoteCommand(parent.docker.command)} container rm --force --volumes ${quoteWord(name)} >/dev/null 2>&1`;
  const script = `trap '' HUP INT TERM PIPE
echo ready
if read -r word; then ${remove}
else for n in 1 2 3 4 5 6; do ${remove}; sleep 0.5 2>/dev/null || sleep 1; done
fi`;
  const process = await parent.spawn(["sh", "-c", script]);
  process.stderr.resume();
  process.stdin.on("error", () => {});
  const exit = process.exit.catch(() => undefined);
  // It is there before the container is.
  await new Promise((resolve) => process.stdout.once("data", resolve).once("close", resolve));
  process.stdout.resume();
  return {
    async [Symbol.asyncDispose]() {
      process.stdin.end("done\n");
      await exit;
    },
  };
}

function runFailed({ parent, project }: PlacedStack, service: string, output: string, hint = imageMissing): OttoError {
  return new OttoError(
    "COMPOSE_RUN_FAILED",
    `docker compose run of ${service} of ${project} on ${parent.id}: ${lastLine(output) || "it said nothing"}`,
    {
      hint,
      details: { host: parent.id, project, service, output },
    },
  );
}
