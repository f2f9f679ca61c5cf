import { upFailed } from "../declared/errors.js";
import type { PlacedStack } from "../declared/stack.js";
import { createStackRedactor } from "../declared/stack-redactor.js";
import { configCommand } from "../session/compose-command.js";
import { createCompose, runInTree } from "../session/compose-process.js";
import type { StackSession } from "../session/stack-session.js";
import { withScratchTree } from "./desired-stack.js";
import { parseModel } from "./service-digest.js";

/** What the parent's compose makes of a stack's files. */
export interface ComposeModel {
  /** As `docker compose config --format json` has it: whatever that printed. */
  readonly model: unknown;
  /** What paths in it begin with that lead into the stack's tree: it is gone by now. */
  readonly directory: string;
}

/**
 * Has the parent's compose read a stack's files, which lie there only meanwhile.
 * @throws OttoError `COMPOSE_UP_FAILED` with what compose said, `COMPOSE_MISSING`
 */
export async function readComposeModel(
  session: StackSession,
  stack: PlacedStack,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<ComposeModel> {
  return withScratchTree(session, stack, async (directory) => {
    const run = runInTree(createCompose(session, createStackRedactor(stack)), stack, directory);
    const argv = (words: readonly string[]) => configCommand(words, stack, directory);
    const { exitCode, output } = await run(argv, { signal, joinsStderr: false });
    signal?.throwIfAborted();
    if (exitCode !== 0) throw upFailed(stack, (await run(argv, { signal })).output, { directory, verb: "config" });
    return { model: parseModel(output), directory };
  });
}
