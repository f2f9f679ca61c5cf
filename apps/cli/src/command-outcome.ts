import { isUtf8 } from "node:buffer";
import type { CommandOutput, CommandResult } from "@otto/docker";
import { OttoError } from "@otto/errors";
import { exitCodes } from "./exit-code.js";
import type { Outcome } from "./outcome.js";
import type { Session } from "./session.js";

/** Runs a command on a host that has been found; its output goes to `output`, where there is one. */
export type RunCommand = (output: CommandOutput | undefined) => Promise<CommandResult>;

interface CommandFlags {
  readonly id: string;
  readonly command: readonly string[];
  /** Seconds. */
  readonly timeout: number;
}

/** A command that could not be run ends with 255, whatever kept it, as with ssh. */
export async function orNeverRan({ reporter }: Session, run: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await run();
  } catch (error) {
    reporter.error(error);
    return { exitCode: exitCodes.neverRan };
  }
}

/** Runs a command, or says which with `--dry-run`; shows its output and takes its exit code. */
export async function finishCommand(
  { options, invocation, reporter }: Session,
  flags: CommandFlags,
  run: RunCommand,
): Promise<Outcome> {
  if (options.dryRun) {
    const { id, command } = flags;
    reporter.item(`${id}: would run ${command.join(" ")}`, { type: "step", do: "exec", host: id, command });
    return { exitCode: exitCodes.done };
  }
  const result = await run(options.json ? undefined : invocation);
  if (result.timedOut) reporter.error(timedOut(flags));
  return { exitCode: result.exitCode, fields: resultFields(result) };
}

function timedOut({ id, timeout }: CommandFlags): OttoError {
  return new OttoError("CLI_COMMAND_TIMED_OUT", `running a command on ${id}: ended after ${timeout} s`, {
    hint: "Give it longer with --timeout SECONDS, or inf.",
  });
}

/** Text where both outputs are text, else base64. */
function resultFields({ stdout, stderr, timedOut: late }: CommandResult) {
  const encoding = isUtf8(stdout) && isUtf8(stderr) ? "utf8" : "base64";
  return { timedOut: late, encoding, stdout: stdout.toString(encoding), stderr: stderr.toString(encoding) };
}
