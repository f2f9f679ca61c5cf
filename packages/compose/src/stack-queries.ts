import { OttoError } from "@otto/errors";
import { lastLine } from "./declared/engine-text.js";
import { upFailed } from "./declared/errors.js";
import type { PlacedStack } from "./declared/stack.js";
import { createStackRedactor } from "./declared/stack-redactor.js";
import { withScratchTree } from "./desired/desired-stack.js";
import { composeCommand, stackCommand } from "./session/compose-command.js";
import { createCompose, runInTree } from "./session/compose-process.js";
import { openStackSession, type StackLocation } from "./session/stack-session.js";

export interface QueryOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * What a command of `docker compose` that changes nothing prints about a project's containers, by their labels: `images`, `top`,
 * `port`. It waits for no lock.
 * @param words of the command; a service's name is to stand behind `--`
 * @throws OttoError `COMPOSE_PROJECT_INVALID`, `COMPOSE_QUERY_FAILED` with what compose said, `COMPOSE_MISSING`, and what
 * connecting throws
 */
export async function queryStack(
  location: StackLocation,
  words: readonly string[],
  { signal }: QueryOptions = {},
): Promise<string> {
  await using session = await openStackSession(location, { who: undefined, signal });
  const compose = createCompose(session);
  const argv = (program: readonly string[]) => [...composeCommand(program, location.project), ...words];
  const { exitCode, output } = await compose.run(argv, { signal, joinsStderr: false });
  signal?.throwIfAborted();
  if (exitCode === 0) return output;
  const said = await compose.run(argv, { signal });
  throw queryFailed(location, words, said.output);
}

/**
 * What `docker compose config` prints of a stack: as the parent's compose reads the files, with the paths of this machine, and
 * without what the stack's secrets hold. Variables are printed as they are.
 * @param words further options, as `["--format", "json"]`
 * @throws OttoError `COMPOSE_UP_FAILED` with what compose said, `COMPOSE_MISSING`, and what connecting throws
 */
export async function readStackConfig(
  stack: PlacedStack,
  words: readonly string[],
  { signal }: QueryOptions = {},
): Promise<string> {
  await using session = await openStackSession(stack, { who: undefined, signal });
  return await withScratchTree(session, stack, async (directory) => {
    const redactor = createStackRedactor(stack);
    const run = runInTree(createCompose(session, redactor), stack, directory);
    const argv = (compose: readonly string[]) => [...stackCommand(compose, stack, directory), "config", ...words];
    const { exitCode, output } = await run(argv, { signal, joinsStderr: false });
    signal?.throwIfAborted();
    if (exitCode !== 0) throw upFailed(stack, (await run(argv, { signal })).output, { directory, verb: "config" });
    return (await redactor()).redact(output.replaceAll(`${directory}/repo`, stack.repo.root));
  });
}

function queryFailed({ parent, project }: StackLocation, words: readonly string[], output: string): OttoError {
  const [verb = ""] = words;
  return new OttoError(
    "COMPOSE_QUERY_FAILED",
    `docker compose ${verb} of ${project} on ${parent.id}: ${lastLine(output) || "it said nothing"}`,
    { hint: "See what is there with `otto docker ps --all`.", details: { host: parent.id, project, output } },
  );
}
