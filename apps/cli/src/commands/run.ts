import { Console } from "node:console";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { selectRepos } from "@otto/config";
import { amendError, anySignal, isOttoError } from "@otto/errors";
import type { FoundInstruction, GivenOptions, InstructionLog, RunInstructionOptions } from "@otto/instructions";
import { formatWord } from "../arguments/container-command.js";
import { readInstructionArguments } from "../arguments/instruction-arguments.js";
import { cacheDirectory } from "../cache-directory.js";
import { exitCodes } from "../exit-code.js";
import type { OwnProcess } from "../invocation.js";
import type { Outcome } from "../outcome.js";
import { createNoticeListener } from "../output/docker-event.js";
import { showTable, type TableRow } from "../output/shown-table.js";
import type { Session } from "../session.js";
import { declareServices } from "../stack-choice.js";

export interface RunFlags {
  readonly name: string | undefined;
  readonly words: readonly string[];
  readonly repo?: string;
}

/** `otto run` */
export async function run(session: Session, flags: RunFlags): Promise<Outcome> {
  using _ = session.options.json ? consoleToStderr(session) : undefined;
  // Awaited here: modules write to the console until the end.
  return await runNamed(session, flags);
}

/** The same in a process of its own: modules of a repository may block theirs. */
export async function runApart({ reporter, signal }: Session, start: () => Promise<OwnProcess>): Promise<Outcome> {
  const { exitCode, wasKilled, isReported } = await start();
  if (isReported) return { exitCode, isReported };
  const killed = signal.aborted ? "did not answer the signal for 3 s and was killed" : "was killed";
  const why = wasKilled ? killed : `ended without a result, by process.exit(${exitCode})`;
  reporter.notice("warn", `the process of the instruction ${why}; what it brought up may still run`);
  return { exitCode };
}

async function runNamed(session: Session, flags: RunFlags): Promise<Outcome> {
  const [{ discoverInstructions, findInstruction }, all] = await Promise.all([
    import("@otto/instructions"),
    session.repos(),
  ]);
  const cacheDir = join(cacheDirectory(session.invocation), "instructions");
  const found = await discoverInstructions(selectRepos(all, flags.repo), { cacheDir });
  if (flags.name === undefined) return list(session, found);
  const { name } = flags;
  const chosen = await explainService(session, flags, () => findInstruction(found, name));
  const read = readInstructionArguments(chosen, flags.words);
  if ("help" in read) return showHelp(session, read.help);
  return session.options.dryRun ? showRun(session, chosen, read.given) : runChosen(session, chosen, read.given);
}

/** A name of no instruction may be a service: `run` is what a user of docker types. */
async function explainService<T>(session: Session, { name = "", words }: RunFlags, find: () => T): Promise<T> {
  try {
    return find();
  } catch (error) {
    if (!isOttoError(error, "INSTRUCTION_UNKNOWN")) throw error;
    const services = await readServices(session).catch((): readonly string[] => []);
    const line = [name, ...words];
    const service = line.find((word) => services.includes(word));
    if (service === undefined) throw error;
    const typed = ["otto", "docker", "run", ...line].map(formatWord).join(" ");
    throw amendError(error, { hint: `${service} is a service, not an instruction: ${typed}` });
  }
}

/** The declared services, without a question; none for files that cannot be read. */
async function readServices(session: Session): Promise<readonly string[]> {
  const lab = await session.lab({ asks: false });
  await declareServices(lab).catch(() => undefined);
  return lab.hosts.list().map(({ service }) => service);
}

function showHelp({ reporter }: Session, text: string): Outcome {
  reporter.item(text.trimEnd(), { type: "help", text });
  return { exitCode: exitCodes.done };
}

function list(session: Session, found: readonly FoundInstruction[]): Outcome {
  showTable(session, found.map(instructionRow));
  if (found.length === 0) session.reporter.notice("warn", "no repository here has instructions");
  return { exitCode: exitCodes.done };
}

function instructionRow({ name, repo, file, instruction }: FoundInstruction): TableRow {
  const { description, options } = instruction;
  return {
    cells: [name, repo.name, description],
    record: { type: "instruction", name, repo: repo.name, file, description, options },
  };
}

async function showRun({ reporter }: Session, chosen: FoundInstruction, given: GivenOptions): Promise<Outcome> {
  const { readOptionValues } = await import("@otto/instructions");
  const { name, repo, file } = chosen;
  const options = readOptionValues(name, chosen.instruction.options, given);
  const shown = Object.entries(options).map(([option, value]) => ` ${option}=${JSON.stringify(value)}`);
  reporter.item(`${repo.name}: would run ${name}${shown.join("")} of ${file}`, {
    type: "step",
    do: "run",
    instruction: name,
    repo: repo.name,
    file,
    options,
  });
  return { exitCode: exitCodes.done };
}

async function runChosen(session: Session, chosen: FoundInstruction, given: GivenOptions): Promise<Outcome> {
  const [{ exitCodeOfResult }, lab] = await Promise.all([import("@otto/instructions"), session.lab({ asks: false })]);
  // A stack that cannot be read is an error of whoever uses it.
  const { reporter } = session;
  await declareServices(lab, async () => ({ onEvent: createNoticeListener(reporter) })).catch((error: Error) =>
    reporter.notice("debug", error.message),
  );
  const repo = lab.repos.find(({ root }) => root === chosen.repo.root) ?? chosen.repo;
  const result = await runBody(session, { ...chosen, repo }, { lab, options: given });
  return { exitCode: exitCodeOfResult(result), fields: { instruction: chosen.name, repo: repo.name } };
}

/** An unhandled error ends the body as a signal does; without this, Node would end the process with no result. */
async function runBody(
  session: Session,
  chosen: FoundInstruction,
  options: Pick<RunInstructionOptions, "lab" | "options">,
): Promise<unknown> {
  const { instructionFailed, runInstruction } = await import("@otto/instructions");
  using stray = watchStrayErrors();
  const signal = anySignal(session.signal, stray.signal);
  const result = runInstruction(chosen, { ...options, log: createLog(session, chosen.name), signal });
  await Promise.allSettled([result]);
  await readArrivedSignals();
  if (stray.signal.aborted) throw instructionFailed(chosen, stray.signal.reason);
  return await result;
}

interface StrayErrors extends Disposable {
  /** Aborts with the first error. */
  readonly signal: AbortSignal;
}

function watchStrayErrors(): StrayErrors {
  const controller = new AbortController();
  const onError = (error: unknown) => controller.abort(error);
  const kinds = ["unhandledRejection", "uncaughtException"] as const;
  for (const kind of kinds) process.on(kind, onError);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const kind of kinds) process.off(kind, onError);
    },
  };
}

/** The body may have blocked the event loop when a signal came; the signal is read in the next tick. */
async function readArrivedSignals(): Promise<void> {
  for (let tick = 0; tick < 2; tick += 1) await setImmediate();
}

function createLog({ reporter }: Session, instruction: string): InstructionLog {
  const record = (level: string, text: string) => ({ type: "log", level, instruction, text });
  // Who colours what it logs does so for a person.
  const plain = stripVTControlCharacters;
  return {
    debug: (text) => reporter.notice("debug", plain(text), record("debug", text)),
    info: (text) => reporter.item(plain(text), record("info", text)),
    warn: (text) => reporter.notice("warn", plain(text), record("warn", text)),
    error: (text) => reporter.notice("error", plain(text), record("error", text)),
  };
}

/** Stdout is for objects alone, whatever a module writes with `console.log`. */
function consoleToStderr({ invocation }: Session): Disposable {
  const before = globalThis.console;
  globalThis.console = new Console(invocation.stderr, invocation.stderr);
  return {
    [Symbol.dispose]() {
      globalThis.console = before;
    },
  };
}
