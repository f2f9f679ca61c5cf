import { realpathSync } from "node:fs";
import { type Lab, withLab } from "@otto/docker";
import { isOttoError, OttoError, startTimer } from "@otto/errors";
import type { FoundInstruction } from "./discovery.js";
import type { InstructionLog } from "./instruction.js";
import { firstFrame } from "./module-location.js";
import { type GivenOptions, readOptionValues } from "./option-values.js";

export interface RunInstructionOptions {
  /** Stays open: the caller disposes it, and with it whatever the body left open there. */
  readonly lab: Lab;
  /** Values by option name; text is read as the option's type. */
  readonly options?: GivenOptions | undefined;
  /** Default: says nothing. */
  readonly log?: InstructionLog | undefined;
  readonly signal?: AbortSignal | undefined;
}

const silent: InstructionLog = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** What a body that heard of the abort has to end in, before it is no longer waited for; milliseconds. */
const abortGraceMs = 2000;

/**
 * Runs an instruction with `lab` as its current lab.
 *
 * After an abort the body has 2 s to end by itself. One that does not is left behind: stacks that it opened with `composed`
 * go when the lab is disposed.
 * @returns the body's result
 * @throws OttoError `INSTRUCTION_FAILED` with file and line for what the body throws, unless that is an `OttoError` or came
 * of the abort: these, the signal's reason, and what `readOptionValues` throws before the body begins, come as they are
 */
export async function runInstruction(found: FoundInstruction, options: RunInstructionOptions): Promise<unknown> {
  const { lab, log = silent, signal = new AbortController().signal } = options;
  const values = readOptionValues(found.name, found.instruction.options, options.options ?? {});
  signal.throwIfAborted();
  const context = { repo: found.repo, lab, options: values as never, log, signal };
  const result = withLab(lab, async () => found.instruction.body(context));
  try {
    return await unlessAborted(result, signal);
  } catch (error) {
    throw isOttoError(error) || signal.aborted ? error : instructionFailed(found, error);
  }
}

/** The error `INSTRUCTION_FAILED` for what an instruction threw, or left to a promise that nothing awaits. */
export function instructionFailed(
  { name, repo, file }: Pick<FoundInstruction, "name" | "repo" | "file">,
  thrown: unknown,
): OttoError {
  const reasons = causesOf(thrown).map(firstLine);
  // Stack traces name files by their real paths.
  const stack = thrown instanceof Error ? (thrown.stack ?? "") : "";
  const at = firstFrame(stack, [repo.root, realpathSync(repo.root)]) ?? { file };
  const location = "line" in at ? `${at.file}:${at.line}` : at.file;
  return new OttoError("INSTRUCTION_FAILED", `running ${name}: ${location}: ${reasons.join(": ")}`, {
    details: { instruction: name, ...at },
    cause: thrown,
  });
}

/** An error, its cause, the cause of that; at most eight. */
function causesOf(thrown: unknown): unknown[] {
  const causes = [thrown];
  for (let last = thrown; last instanceof Error && last.cause !== undefined && causes.length < 8; ) {
    last = last.cause;
    causes.push(last);
  }
  return causes;
}

function firstLine(thrown: unknown): string {
  const [line = ""] = String(thrown).split("\n");
  return line;
}

async function unlessAborted(result: Promise<unknown>, signal: AbortSignal): Promise<unknown> {
  let onAbort = () => {};
  let timer: NodeJS.Timeout | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => {
      timer = startTimer(() => reject(signal.reason as Error), abortGraceMs);
    };
    // The body's first step may have been to abort.
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([result, aborted]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}
