import type { Lab, Repo } from "@otto/docker";
import { OttoError } from "@otto/errors";
import { checkOptions, type InstructionOptions, type OptionValues } from "./option.js";

const brand = Symbol.for("otto.instruction");

/** Where a body says what it does. None of these changes the result. */
export interface InstructionLog {
  debug(text: string): void;
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
}

/** What a body gets. */
export interface InstructionContext<Options extends InstructionOptions = InstructionOptions> {
  /** The repository whose instruction it is. */
  readonly repo: Repo;
  /** With its repos; whoever runs the instruction closes it. */
  readonly lab: Lab;
  readonly options: OptionValues<Options>;
  readonly log: InstructionLog;
  /** Aborts when the run is to end. */
  readonly signal: AbortSignal;
}

export interface InstructionDefinition<Options extends InstructionOptions = InstructionOptions> {
  /** One line. */
  readonly description: string;
  readonly options?: Options | undefined;
}

/** What {@link instruction} makes, to be exported from a module. */
export interface Instruction {
  readonly description: string;
  readonly options: InstructionOptions;
  readonly body: (context: InstructionContext) => unknown;
}

/**
 * Defines an instruction; its name is that of the export. The body's result is the run's: see {@link exitCodeOfResult}.
 * @throws TypeError when an option's name is not in camel case or its default does not fit
 */
export function instruction<const Options extends InstructionOptions = Record<never, never>>(
  definition: InstructionDefinition<Options>,
  body: (context: InstructionContext<Options>) => unknown,
): Instruction {
  const { description, options = {} } = definition;
  checkOptions(options);
  // What a run reads by these options is what the body asks for.
  const made: Instruction = { description, options, body: body as Instruction["body"] };
  return Object.defineProperty(made, brand, { value: true });
}

/** Whether a value comes from {@link instruction}, of any copy of this package. */
export function isInstruction(value: unknown): value is Instruction {
  return typeof value === "object" && value !== null && Object.hasOwn(value, brand);
}

/**
 * The exit code that a body's result stands for: a number or the `exitCode` of an object, from 0 to 255; else 0. So a body
 * may return what `exec` gave.
 * @throws OttoError `INSTRUCTION_EXIT_CODE_INVALID` for another number, or an `exitCode` that is none of these
 */
export function exitCodeOfResult(result: unknown): number {
  const hasCode = typeof result === "object" && result !== null && "exitCode" in result;
  if (!hasCode && typeof result !== "number") return 0;
  const code = hasCode ? result.exitCode : result;
  if (typeof code === "number" && Number.isInteger(code) && code >= 0 && code <= 255) return code;
  throw new OttoError("INSTRUCTION_EXIT_CODE_INVALID", `invalid exit code ${String(code)}: expected 0 to 255`, {
    hint: "Return a whole number from 0 to 255, what exec gave, or nothing.",
    details: { exitCode: String(code) },
  });
}
