import { type GlobalOptions, hasColor, namesLab } from "./arguments/global-options.js";
import { type CommandLine, guessOptions, readCommandLine } from "./command-line.js";
import { exitCodeOf, exitCodes } from "./exit-code.js";
import { type Interruption, watchSignals } from "./interruption.js";
import type { Invocation } from "./invocation.js";
import type { Action, Outcome } from "./outcome.js";
import { createHumanReporter } from "./output/human-reporter.js";
import { createJsonReporter } from "./output/json-reporter.js";
import type { Reporter } from "./output/reporter.js";
import { createSession, type Session } from "./session.js";

/** One run of `otto`: shows what there is to show and gives the exit code. Never throws. */
export async function main(invocation: Invocation): Promise<number> {
  try {
    const { options, action, exitCode, note } = readCommandLine(invocation);
    if (!action) return exitCode;
    return await perform(action, invocation, { options, note });
  } catch (error) {
    const reporter = createReporter(invocation, guessOptions(invocation.argv, invocation.env));
    return report(reporter, failure(reporter, error));
  }
}

async function perform(
  action: Action,
  invocation: Invocation,
  { options, note }: Pick<CommandLine, "options" | "note">,
): Promise<number> {
  const reporter = createReporter(invocation, options);
  if (note !== undefined) reporter.notice("info", note);
  using interruption = watchSignals(invocation.signals, invocation.force);
  const outcome = await runAction(action, { invocation, options, reporter, interruption });
  return report(
    reporter,
    interruption.exitCode === undefined ? outcome : { ...outcome, exitCode: interruption.exitCode },
  );
}

interface Run {
  readonly invocation: Invocation;
  readonly options: GlobalOptions;
  readonly reporter: Reporter;
  readonly interruption: Interruption;
}

async function runAction(action: Action, { interruption, ...run }: Run): Promise<Outcome> {
  const session = createSession({ ...run, signal: interruption.signal });
  const outcome = await runIn(session, action);
  try {
    await session.finishTrace(interruption.exitCode ?? outcome.exitCode);
    return outcome;
  } catch (error) {
    return failure(run.reporter, error);
  }
}

async function runIn(opened: Session, action: Action): Promise<Outcome> {
  try {
    await using session = opened;
    return await action(session);
  } catch (error) {
    return failure(opened.reporter, error);
  }
}

function failure(reporter: Reporter, error: unknown): Outcome {
  reporter.error(error);
  return { exitCode: exitCodeOf(error) };
}

function report(reporter: Reporter, { exitCode, fields, summary, isReported = false }: Outcome): number {
  if (isReported) return exitCode;
  const status = exitCode === exitCodes.done ? "success" : "failed";
  reporter.result({ status, exitCode, ...fields }, summary);
  return exitCode;
}

function createReporter({ argv, stdout, stderr, env }: Invocation, options: GlobalOptions): Reporter {
  const { json, logLevel } = options;
  // Whoever has it in the environment has it there for the next command, too.
  const lab = namesLab(argv) ? options.lab : undefined;
  if (json) return createJsonReporter({ stdout, stderr, logLevel, lab });
  const isTerminal = stderr.isTTY === true && env.TERM !== "dumb" && !options.plain;
  const color = hasColor(options, env, stderr.isTTY === true);
  return createHumanReporter({ stdout, stderr, logLevel, color, isTerminal, lab });
}
