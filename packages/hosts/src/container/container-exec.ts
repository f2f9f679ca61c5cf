import type { Deadline } from "@otto/errors";
import type { CommandOutput, StdinSource } from "ssh2-streamer";
import { type CommandResult, runWithin } from "../process/command.js";
import {
  type ContainerSpawnOptions,
  type ExecTarget,
  nameOf,
  spawnInContainer,
  spawnWithoutStdin,
} from "./container-process.js";

export interface ContainerExecOptions extends Omit<ContainerSpawnOptions, "terminal"> {
  /** Sent to the command, then closed. Default: empty. */
  readonly stdin?: StdinSource | undefined;
  /** Takes the output as it comes; the result's is then empty. Default: the result has it. */
  readonly output?: CommandOutput | undefined;
  /**
   * Of stdout and stderr together, as far as the result has them; beyond it the command is ended and
   * `COMMAND_OUTPUT_LIMIT` thrown. Default 64 MiB.
   */
  readonly maxOutputBytes?: number | undefined;
  /** Milliseconds; when the stack has to be brought up, they begin after that. `Infinity` for none. Default 30,000. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Runs one command to its end, or to that of the deadline.
 * @throws OttoError `HOST_COMMAND_NOT_STARTED` when the program could not be started, `COMMAND_OUTPUT_LIMIT`
 */
export async function runInContainer(
  target: ExecTarget,
  argv: readonly string[],
  { deadline, ...options }: ContainerExecOptions & { readonly deadline: Deadline },
): Promise<CommandResult> {
  const { env, user, workdir, stdin, output, maxOutputBytes } = options;
  // One that reads no stdin needs no second process beside it.
  const spawn = stdin === undefined ? spawnWithoutStdin : spawnInContainer;
  const start = (signal: AbortSignal) => spawn(target, argv, { env, user, workdir, signal });
  const prepareNext = target.spares?.enter(user);
  const result = await runWithin(deadline, start, { label: nameOf(target, argv), stdin, output, maxOutputBytes });
  prepareNext?.();
  return result;
}
