import type { Deadline } from "@otto/errors";
import type { CommandOutput, CommandResult } from "./command.js";
import { runWithin } from "./command-run.js";
import { type ContainerSpawnOptions, spawnInContainer, spawnWithoutStdin } from "./container-process.js";
import type { ExecTarget } from "./exec-target.js";
import type { StdinSource } from "./stdin-feed.js";

export interface ContainerExecOptions extends Omit<ContainerSpawnOptions, "terminal"> {
  /** Sent to the command, then closed. Default: empty. */
  readonly stdin?: StdinSource | undefined;
  /** Takes the output as it comes; the result's is then empty. Default: the result has it. */
  readonly output?: CommandOutput | undefined;
  /** Milliseconds; when the stack has to be brought up, they begin after that. `Infinity` for none. Default 30,000. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Runs one command to its end, or to that of the deadline.
 * @throws OttoError `HOST_COMMAND_NOT_STARTED` when the program could not be started.
 */
export function runInContainer(
  target: ExecTarget,
  argv: readonly string[],
  { deadline, ...options }: ContainerExecOptions & { readonly deadline: Deadline },
): Promise<CommandResult> {
  const { env, user, workdir, stdin } = options;
  // One that reads no stdin needs no second process beside it.
  const spawn = stdin === undefined ? spawnWithoutStdin : spawnInContainer;
  return runWithin(deadline, (signal) => spawn(target, argv, { env, user, workdir, signal }), options);
}
