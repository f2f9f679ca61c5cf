import type { Deadline } from "@otto/errors";
import { type RemoteProcess, type RunToEndOptions, runToEnd } from "ssh2-streamer";
import { type CommandResult, timedOutExitCode } from "./command.js";

/**
 * Runs a process to its end, or to that of the deadline.
 * @param start starts a process that is ended when the signal fires; `exit` then rejects with its reason
 */
export async function runWithin(
  deadline: Deadline,
  start: (signal: AbortSignal) => Promise<RemoteProcess>,
  options: Omit<RunToEndOptions, "signal" | "onAborted">,
): Promise<CommandResult> {
  const { exitCode, stdout, stderr } = await runToEnd(start, {
    ...options,
    signal: deadline.signal,
    onAborted: (outputs) => {
      if (!deadline.passed) throw deadline.signal.reason;
      return { exitCode: timedOutExitCode, ...outputs };
    },
  });
  return { exitCode, stdout, stderr, timedOut: deadline.passed };
}
