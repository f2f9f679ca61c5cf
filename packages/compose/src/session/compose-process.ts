import { cleanText, createRedactor, OttoError, OutputText, quoteCommand, quoteWord } from "@otto/errors";
import { findCompose } from "@otto/hosts";
import type { PlacedStack, Stack } from "../declared/stack.js";
import type { StackRedactor } from "../declared/stack-redactor.js";
import { endableLine, isDirect } from "./endable-command.js";
import type { StackSession } from "./stack-session.js";

export interface ComposeRun {
  /** Variables for interpolation; they go by stdin, never by argv. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Remote directory to run in: a nested `include` resolves its `env_file` against it. Default: the login's home. */
  readonly cwd?: string | undefined;
  /** Whether stderr comes in the output, too. Default true. */
  readonly joinsStderr?: boolean | undefined;
  /** Whether it has a terminal, by util-linux's `script`. Default false. */
  readonly inTerminal?: boolean | undefined;
  /** Whether a command that failed did what it was to do, by its output. Default: none did. */
  readonly isDone?: ((output: string) => boolean) | undefined;
  /** Gets the output as it comes, in whole lines, clean. */
  readonly onOutput?: ((text: string) => void) | undefined;
  /** Ends the command. */
  readonly signal?: AbortSignal | undefined;
}

export interface ComposeOutcome {
  readonly exitCode: number;
  /** stdout, and stderr unless it was left out. */
  readonly output: string;
}

/** How to make argv of what compose is called on this parent. */
export type ComposeArgv = (compose: readonly string[]) => readonly string[];

/** `docker compose` of one parent, in one session. */
export interface Compose {
  readonly session: StackSession;
  /**
   * Runs one command to its end.
   * @throws OttoError `COMPOSE_MISSING` when the parent has no usable `docker compose`
   */
  run(argv: ComposeArgv, run?: ComposeRun): Promise<ComposeOutcome>;
}

/**
 * Runs compose by a session's shell; where the plugin is missing, by a `docker-compose` of version 2.
 * @param redactor of output that is for people. Default: for commands that know no secrets
 */
export function createCompose(
  session: StackSession,
  redactor: StackRedactor = async () => createRedactor([]),
): Compose {
  let compose: readonly string[] = [...session.parent.docker.command, "compose"];
  let isChecked = false;
  const runClean = async (argv: readonly string[], run: ComposeRun): Promise<ComposeOutcome> => {
    const shown = run.onOutput && new OutputText(await redactor());
    const show = (text: string | undefined) => text && run.onOutput?.(text);
    const outcome = await runOnce(session, argv, { ...run, onLines: shown && ((lines) => show(shown.write(lines))) });
    show(shown?.flush());
    if (run.joinsStderr === false || outcome.output === "") return outcome;
    return { ...outcome, output: cleanText(outcome.output, await redactor()) };
  };
  return {
    session,
    async run(argv, run = {}) {
      const outcome = await runClean(argv(compose), run);
      isChecked ||= outcome.exitCode === 0 || run.isDone?.(outcome.output) === true;
      if (isChecked) return outcome;
      // Asked only after a failure, so that a working parent pays nothing for it.
      const found = await requireCompose(session);
      isChecked = true;
      if (found.join(" ") === compose.join(" ")) return outcome;
      compose = found;
      return runClean(argv(compose), run);
    },
  };
}

/** Runs compose where the files of a stack lie. @param directory of the staged tree, absolute */
export function runInTree(
  compose: Compose,
  { files: { environment, projectDirectory }, member }: Stack & Pick<PlacedStack, "member">,
  directory: string,
): (argv: ComposeArgv, run?: Omit<ComposeRun, "environment" | "cwd">) => Promise<ComposeOutcome> {
  // To Compose, services of another repo are orphans.
  const ours = member === undefined ? environment : { ...environment, COMPOSE_IGNORE_ORPHANS: "true" };
  return (argv, run) => compose.run(argv, { ...run, environment: ours, cwd: `${directory}/${projectDirectory}` });
}

interface SingleRun extends Omit<ComposeRun, "onOutput"> {
  readonly onLines: ((lines: Buffer) => void) | undefined;
}

async function runOnce(session: StackSession, argv: readonly string[], run: SingleRun): Promise<ComposeOutcome> {
  const { signal } = run;
  signal?.throwIfAborted();
  let pid: number | undefined;
  const stop = () => pid !== undefined && session.stop(pid);
  const forget = session.onLine((line) => {
    if (!line.startsWith("pid ")) return;
    pid = Number(line.slice("pid ".length));
    if (signal?.aborted) stop();
  });
  signal?.addEventListener("abort", stop, { once: true });
  try {
    return await session.run(formatRun(argv, run), { onLines: run.onLines });
  } finally {
    forget();
    signal?.removeEventListener("abort", stop);
  }
}

/**
 * Of the login's own variables only what the docker client needs stays: what the parent's environment happens to hold
 * must not reach interpolation.
 */
const clearEnvironment = `for name in $(env | sed -n 's/^\\([A-Za-z_][A-Za-z0-9_]*\\)=.*/\\1/p'); do
case $name in PATH|HOME|SSH_AUTH_SOCK|XDG_RUNTIME_DIR|DOCKER_*|BUILDX_*|BUILDKIT_*|LD_*) ;; *) command unset "$name" ;; esac
done`;

/**
 * Variables that a shell sets itself or makes read-only: bash exits at `export UID=1`. Names that no shell accepts are not
 * exported either.
 * @see https://www.gnu.org/software/bash/manual/html_node/Bash-Variables.html
 */
const shellVariables =
  /^(E?[UG]ID|PPID|SHELLOPTS|BASH.*|DIRSTACK|EPOCH.*|FUNC.*|GROUPS|HIST.*|IFS|LINENO|OPT(ARG|ERR|IND)|PIPESTATUS|PS4|S?RANDOM|SECONDS|STATUS|USERNAME|_)$/i;
const isExportable = (name: string) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !shellVariables.test(name);
/** These hold no secrets. A shell overwrites them for the programs it starts, so `env` sets them last. */
const shellExports: ReadonlySet<string> = new Set(["PWD", "OLDPWD", "SHLVL", "SHELLOPTS", "BASHOPTS"]);

/** The script of one command. */
export function formatRun(
  argv: readonly string[],
  { environment = {}, cwd, joinsStderr = true, inTerminal = false }: ComposeRun,
): string {
  const assignments = (way: VariableWay, quote: (value: string) => string) => {
    const entries = Object.entries(environment).filter(([name]) => wayOf(name, argv) === way);
    return entries.map(([name, value]) => `${name}=${quote(value)}`);
  };
  const exported = assignments("export", quoteWord);
  const own = assignments("env", quoteWord);
  const filed = assignments("file", quoteValue);
  const command = quoteCommand(filed.length > 0 ? withEnvFile(argv) : argv);
  const direct = [...(own.length > 0 ? ["env", ...own] : []), endableLine(argv, command)].join(" ");
  const started = inTerminal ? `env SHELL=/bin/sh script -qec ${quoteWord(direct)} /dev/null` : direct;
  return [
    clearEnvironment,
    ...exported.map((assignment) => `export ${assignment}`),
    ...(cwd === undefined ? [] : [`cd ${quoteWord(cwd)} || exit 1`]),
    ...(filed.length > 0 ? namelessFile(filed) : []),
    // The pid is reported, so that this command alone can be ended.
    `sh -c 'printf "pid %s\\n" "$$" >&2; exec "$@" ${joinsStderr ? "2>&1" : "2>/dev/null"}' sh ${started}`,
  ].join("\n");
}

/** How a variable reaches the docker client. */
type VariableWay = "export" | "env" | "file";

function wayOf(name: string, argv: readonly string[]): VariableWay {
  if (!isDirect(argv)) return "file";
  if (shellExports.has(name)) return "env";
  return isExportable(name) ? "export" : "file";
}

/** Makes stdin a file of these lines. It has no name by the time they are in it, so that nothing outlives who has it open. */
function namelessFile(lines: readonly string[]): string[] {
  return [
    `file=$(mktemp) && chmod 644 "$file" && exec 8>"$file" <"$file" && rm -f "$file" || exit 1`,
    `printf '%s\\n' ${lines.map(quoteWord).join(" ")} >&8`,
    "exec 8>&-",
  ];
}

/**
 * `sudo` and the like pass on no variables and close all but the first descriptors. The other env files may use these
 * values, and these win over them, so this file is named first and last. Compose reads it twice.
 */
function withEnvFile(argv: readonly string[]): readonly string[] {
  // The words behind `--` are those of another program.
  const own = argv.slice(0, argv.includes("--") ? argv.indexOf("--") : undefined);
  const [first, last] = [own.indexOf("--env-file"), own.lastIndexOf("--env-file") + 2];
  const file = ["--env-file", "/dev/stdin"];
  const before = first === -1 ? [] : [...argv.slice(0, first), ...file];
  return [...before, ...argv.slice(Math.max(first, 0), last), ...file, ...argv.slice(last)];
}

/** As compose reads a value in double quotes. */
function quoteValue(value: string): string {
  return `"${value.replaceAll(/[\\"$]/g, "\\$&")}"`;
}

async function requireCompose(session: StackSession): Promise<readonly string[]> {
  const found = await findCompose(session.parent.docker.command, async (argv) => {
    const { exitCode, output } = await session.run(`${quoteCommand(argv)} 2>/dev/null`);
    return exitCode === 0 ? output : undefined;
  });
  if (found === undefined || found.version.major < 2) throw composeMissing(session.parent, found?.version.text);
  return found.command;
}

function composeMissing(parent: StackSession["parent"], old: string | undefined): OttoError {
  const found = old === undefined ? "does not work there" : `is missing, and docker-compose ${old} is too old`;
  return new OttoError(
    "COMPOSE_MISSING",
    `running docker compose on ${parent.id}: \`${parent.docker.command.join(" ")} compose\` ${found}`,
    {
      hint: `Install Docker Compose 2 on ${parent.id} (Debian 13: apt-get install docker-compose), or set docker.command of the host.`,
      details: { host: parent.id },
    },
  );
}
