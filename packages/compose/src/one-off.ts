import { randomBytes } from "node:crypto";
import { OttoError, quoteCommand, quoteWord } from "@otto/errors";
import type { Parent } from "@otto/hosts";
import { lastLine } from "./declared/engine-text.js";
import { imageReferences } from "./declared/image-reference.js";
import type { PlacedStack } from "./declared/stack.js";
import { createStackRedactor } from "./declared/stack-redactor.js";
import { listStack, readDesiredStack } from "./desired/desired-stack.js";
import { sendFiles } from "./execute/staged-files.js";
import type { UpOptions } from "./execute/up-options.js";
import { observeScript, observeStack } from "./observed/observed-stack.js";
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
  /** Whether it has a terminal. */
  readonly terminal: boolean;
}

export type OneOffOptions = Pick<UpOptions, "cacheDir" | "who" | "signal" | "onEvent">;

/** A container that is removed when it is disposed, and when the client or its link dies. */
export interface OneOffContainer extends AsyncDisposable {
  readonly name: string;
}

/**
 * Starts a one-off container of a service by `docker compose run`, with the stack's lock; what it depends on is to run already. Its
 * stdin is open. A process on the parent removes it when it is disposed, or when this process is gone.
 * @throws OttoError `COMPOSE_RUN_FAILED` with what compose said, and what `bringUp` throws before it starts anything
 */
export async function startOneOff(
  stack: PlacedStack,
  oneOff: OneOff,
  options: OneOffOptions,
): Promise<OneOffContainer> {
  const name = `${stack.project}-${oneOff.service}-run-${randomBytes(6).toString("hex")}`;
  const reaper = await openReaper(stack.parent, name);
  try {
    const ahead = observeScript(stack, imageReferences(stack));
    await withStackLock(stack, { ...options, ahead }, async (session) => {
      const { cacheDir, signal } = options;
      const [observed, listing] = await Promise.all([
        observeStack(session, imageReferences(stack)),
        listStack(stack, { cacheDir, signal }),
      ]);
      const compose = createCompose(session, createStackRedactor(stack));
      const desired = await readDesiredStack(compose, stack, { observed, listing, signal });
      const directory = observed.remoteDir;
      await sendFiles(session, { directory, tree: desired.tree }, options);
      const variablesFile = await writeVariables(session, stack, oneOff);
      const argv = (words: readonly string[]) => runCommand(words, stack, { directory, name, oneOff, variablesFile });
      const run = runInTree(compose, stack, directory);
      const { exitCode, output } = await run(argv, { signal, inTerminal: oneOff.terminal });
      signal?.throwIfAborted();
      if (exitCode !== 0) throw runFailed(stack, oneOff.service, output);
    });
  } catch (error) {
    await reaper[Symbol.asyncDispose]();
    throw error;
  }
  return { name, [Symbol.asyncDispose]: () => reaper[Symbol.asyncDispose]() };
}

/**
 * Writes the variables of a one-off container into a Compose file in the session's scratch directory. In compose's own
 * environment they would change what the files interpolate, and `PATH` or `DOCKER_HOST` the docker client itself.
 * @returns its path; undefined: there are none
 */
async function writeVariables(session: StackSession, stack: PlacedStack, oneOff: OneOff): Promise<string | undefined> {
  if (Object.keys(oneOff.env ?? {}).length === 0) return undefined;
  const { exitCode, output } = await session.run(`directory=$(make_scratch) || { printf %s "$directory"; exit 1; }
printf %s ${quoteWord(formatVariables(oneOff))} >"$directory/variables.json" && printf %s "$directory/variables.json"`);
  if (exitCode !== 0) throw runFailed(stack, oneOff.service, output);
  return output;
}

/** A Compose file that adds variables to a service as they are: nothing in them is interpolated. */
export function formatVariables({ service, env = {} }: Pick<OneOff, "service" | "env">): string {
  const values = Object.entries(env).map(([name, value]) => [name, value.replaceAll("$", "$$$$")] as const);
  return JSON.stringify({ services: { [service]: { environment: Object.fromEntries(values) } } });
}

interface RunOptions {
  readonly directory: string;
  readonly name: string;
  readonly oneOff: OneOff;
  readonly variablesFile: string | undefined;
}

function runCommand(
  compose: readonly string[],
  stack: PlacedStack,
  { directory, name, oneOff, variablesFile }: RunOptions,
): string[] {
  const { service, command = [], entrypoint, user, workdir, volumes = [], servicePorts } = oneOff;
  return [
    ...stackCommand(compose, stack, directory),
    ...(variablesFile === undefined ? [] : ["--file", variablesFile]),
    ...["run", "--detach", "--no-deps", "--interactive", `--name=${name}`, `--no-TTY=${!oneOff.terminal}`],
    ...(entrypoint === undefined ? [] : [`--entrypoint=${entrypoint}`]),
    ...(user === undefined ? [] : [`--user=${user}`]),
    ...(workdir === undefined ? [] : [`--workdir=${workdir}`]),
    ...volumes.map((volume) => `--volume=${volume}`),
    ...(servicePorts === true ? ["--service-ports"] : []),
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

function runFailed({ parent, project }: PlacedStack, service: string, output: string): OttoError {
  return new OttoError(
    "COMPOSE_RUN_FAILED",
    `docker compose run of ${service} of ${project} on ${parent.id}: ${lastLine(output) || "it said nothing"}`,
    {
      hint: "Is its image there? `otto docker build` makes those of the settings.",
      details: { host: parent.id, project, service, output },
    },
  );
}
