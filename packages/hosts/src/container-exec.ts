import type { CommandOutput, CommandResult } from "./command.js";
import { runToEnd } from "./command-run.js";
import { type ContainerSpawnOptions, spawnInContainer, spawnWithoutStdin } from "./container-process.js";
import type { ExecTarget } from "./exec-target.js";
import type { StdinSource } from "./stdin-feed.js";

export interface ContainerExecOptions extends Omit<ContainerSpawnOptions, "terminal"> {
  /** Sent to the command, then closed. Default: empty. */
  readonly stdin?: StdinSource | undefined;
  /** Takes the output as it comes; the result's is then empty. Default: the result has it. */
  readonly output?: CommandOutput | undefined;
  /** Milliseconds from when there is a container that runs; `Infinity` for none. Default 30,000. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Runs one command to its end.
 * @throws OttoError `HOST_COMMAND_NOT_STARTED` when the program could not be started.
 */
export function runInContainer(
  target: ExecTarget,
  argv: readonly string[],
  options: ContainerExecOptions,
): Promise<CommandResult> {
  const { env, user, workdir, stdin } = options;
  // One that reads no stdin needs no second process beside it.
  const spawn = stdin === undefined ? spawnWithoutStdin : spawnInContainer;
  return runToEnd((signal) => spawn(target, argv, { env, user, workdir, signal }), options);
}
