import { createRequire } from "node:module";
import { isPrintable } from "@otto/errors";
import { CommanderError } from "commander";
import { arrangeLine } from "./arguments/arrange-line.js";
import { type GlobalOptions, type RawGlobalOptions, toGlobalOptions } from "./arguments/global-options.js";
import { exitCodes } from "./exit-code.js";
import type { Invocation } from "./invocation.js";
import type { Action } from "./outcome.js";
import { createProgram } from "./program/program.js";

/** What a command line comes to. */
export interface CommandLine {
  readonly options: GlobalOptions;
  /** Absent: help or the version was shown, and `exitCode` is all that is left. */
  readonly action?: Action;
  readonly exitCode: number;
  /** What may have been meant instead. */
  readonly note?: string | undefined;
}

/**
 * Reads a command line; shows help and the version when asked.
 *
 * @throws `CLI_USAGE`
 */
export function readCommandLine({
  argv,
  env,
  stdout,
  stderr,
}: Pick<Invocation, "argv" | "env" | "stdout" | "stderr">): CommandLine {
  let action: Action | undefined;
  let help = "";
  let arranged: readonly string[] = [];
  const program = createProgram(readVersion(), (chosen) => (action = chosen), {
    writeOut: (text) => stdout.write(text),
    writeErr: (text) => (help += text),
    columns: stdout.columns ?? (Number(env.COLUMNS) || undefined),
  });
  const finish = (exitCode: number): CommandLine => {
    const raw = program.opts<RawGlobalOptions>();
    const options = toGlobalOptions(raw, env);
    const asked = action ?? listingOf(raw);
    const note = noteOfDockerHost(options, { argv: arranged, env });
    if (asked) return { options, action: asked, exitCode, note };
    stderr.write(help);
    return { options, exitCode };
  };
  try {
    arranged = arrangeLine(program, argv);
    program.parse(arranged, { from: "user" });
    return finish(exitCodes.done);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return finish(error.exitCode === 0 ? exitCodes.done : exitCodes.usage);
  }
}

/** Whether a command line that cannot be read asks for JSON and for colour. */
export function guessOptions(argv: readonly string[], env: Invocation["env"]): GlobalOptions {
  const end = argv.indexOf("--");
  const words = end === -1 ? argv : argv.slice(0, end);
  return toGlobalOptions({ json: words.includes("--json"), color: !words.includes("--no-color") }, env);
}

/** Docker's own variable chooses no parent: the note names the option that does. */
function noteOfDockerHost({ lab }: GlobalOptions, { argv, env }: Pick<Invocation, "argv" | "env">): string | undefined {
  const { DOCKER_HOST: host = "" } = env;
  const own = argv.slice(0, argv.includes("--") ? argv.indexOf("--") : undefined);
  const isChosen = lab !== undefined || own.some((word) => word === "--on" || word.startsWith("--on="));
  const isAbout = ["docker", "doctor", "--list-hosts"].some((word) => own.includes(word));
  if (isChosen || !isAbout || !host.startsWith("ssh://") || !isPrintable(host)) return undefined;
  return `DOCKER_HOST chooses no parent of otto: otto --on ${host}`;
}

function listingOf(options: RawGlobalOptions): Action | undefined {
  if (options.listHosts === true) {
    return async (session) => (await import("./commands/list-hosts.js")).listHosts(session);
  }
  if (options.listLabs === true) return async (session) => (await import("./commands/list-labs.js")).listLabs(session);
  return undefined;
}

function readVersion(): string {
  const manifest = createRequire(import.meta.url)("../package.json") as { readonly version: string };
  return manifest.version;
}
