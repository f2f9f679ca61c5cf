import { quoteCommand } from "@otto/errors";
import { formatLoginLine } from "./login-line.js";
import { type StartOutputs, tellStart } from "./start-mark.js";

/** Where a command starts, and how it says that it could not. */
export interface StartOptions {
  /** Directory to start in. */
  readonly cwd?: string | undefined;
  /**
   * Letters and digits that make the last line of stderr when the directory or the program cannot be used; the exit code
   * then is 126 or 127. Default: only the exit code says so.
   */
  readonly failureMark?: string | undefined;
}

/** Where and with what a command starts. */
export interface CommandSetting extends StartOptions {
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Where it says its process id first, for {@link createStartFilter}. Default: nowhere. */
  readonly tellsPid?: StartOutputs | undefined;
}

/**
 * Formats a command as the line that the login shell is given. Servers refuse most of SSH's own `env` requests. sshd
 * makes the login shell the leader of a process group; `exec` hands that on to the command.
 */
export function formatCommandLine(argv: readonly string[], { env, ...setting }: CommandSetting): string {
  const assignments = Object.entries(env ?? {}).map(([name, value]) => `${assertName(name)}=${value}`);
  const setEnv = assignments.length === 0 ? [] : ["env", ...assignments];
  return formatLoginLine([...setEnv, ...toStartArgv(argv, setting)]);
}

/**
 * The argv of a POSIX shell that becomes `argv` where and as the options say.
 * @throws TypeError when `argv` is empty
 */
export function toStartArgv(
  argv: readonly string[],
  { cwd, failureMark, tellsPid }: StartOptions & { readonly tellsPid?: StartOutputs | undefined },
): string[] {
  if (argv.length === 0) throw new TypeError("a command needs at least its name");
  // No variables: one that the command has in its environment would be changed there.
  const script = [
    ...(tellsPid === undefined ? [] : [tellStart[tellsPid]]),
    ...(failureMark === undefined ? [] : [tellFailedExec]),
    ...(cwd === undefined ? [] : ['cd -- "$1" || exit 126', "shift"]),
    'exec "$@"',
    ...(failureMark === undefined ? [] : ["exit"]),
  ].join("; ");
  const settings = [failureMark, cwd].filter((word) => word !== undefined);
  // In a session of its own it would have no terminal.
  return ["/bin/sh", "-c", tellsPid === "both" ? leadGroup(script) : script, "otto", ...settings, ...argv];
}

/**
 * A script that runs `script` as the leader of a process group. A shell of sshd is one already; Dropbear's is not, nor is
 * one that a forced command starts. Without `setsid` it stays what it is.
 */
function leadGroup(script: string): string {
  const again = quoteCommand(["/bin/sh", "-c", script, "otto"]);
  return `kill -s 0 -- "-$$" 2>/dev/null || ! command -v setsid >/dev/null || exec setsid ${again} "$@"; ${script}`;
}

/**
 * How a script of a POSIX shell begins that takes a mark before the command: it says the mark on stderr where it cannot
 * become the command. An `exit` has to follow the `exec`: one that fails ends a shell at its EXIT trap, or goes on where
 * bash is told so.
 */
export const tellFailedExec = `trap "echo $1 >&2" EXIT; shift; [ -z "\${BASH_VERSION-}" ] || shopt -s execfail`;

/** The start of a command, for messages. */
export function summarizeCommand(argv: readonly string[]): string {
  const text = argv.join(" ").replaceAll(/\s+/g, " ");
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

function assertName(name: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new TypeError(`not a variable's name: ${JSON.stringify(name)}`);
  return name;
}
