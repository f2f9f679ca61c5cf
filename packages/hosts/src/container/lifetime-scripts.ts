import { quoteCommand, quoteWord } from "@otto/errors";
import { tellFailedExec } from "ssh2-streamer";
import { sentinelAhead, wantedSentinel } from "../process/start-report.js";

/*
 * The engine leaves a process in a container running when its client goes, but it closes that process's stdin: so a
 * shell that reads its stdin learns that our connection is gone, and ends what runs. The runtime makes each exec the
 * leader of a session, which its children stay in also where they make process groups of their own, as `timeout` and
 * shells with job control do. Written for POSIX shells: dash, bash, busybox; they need no program but `sleep`. A variable
 * that a script sets before the command is one that no command has: in its environment it would be changed.
 */

/**
 * `finish LEADERS`: SIGTERM for all that is in these sessions; SIGKILL for what is still there a second later. A signal goes
 * to a process group at once, the leaders' first: a shell that learned of its child's end before it has its own signal would
 * go on, past its trap; and the one that waits for the command would end the watcher before all have theirs.
 */
const finish = `
strike() {
  signal=$1 among=" $2 " groups=" $2 " found=
  for stat in /proc/[0-9]*/stat; do
    read -r line <"$stat" || continue
    set -- \${line##*) }
    case $1 in Z | X) continue ;; esac
    case $among in *" $3 "* | *" $4 "*) ;; *) continue ;; esac
    pid=\${line%% *}
    [ "$pid" != "$self" ] || continue
    found=1
    [ "$signal" != KILL ] || kill -KILL "$pid"
    case $groups in *" $3 "*) ;; *) groups="$groups$3 " ;; esac
  done
  case $signal in 0 | KILL) return ;; esac
  for group in $groups; do kill "-$signal" "-$group"; done
}
finish() {
  strike TERM "$1"
  left=10
  while [ -n "$found" ] && [ "$left" -gt 0 ]; do
    sleep 0.1 || { sleep 1; left=1; }
    left=$((left - 1))
    strike 0 "$1"
  done
  left=20
  while [ -n "$found" ] && [ "$left" -gt 0 ]; do
    strike KILL "$1"
    left=$((left - 1))
  done
}
`;

const start = `${tellFailedExec}; exec "$@"; exit`;

/** Runs the words as a command that the end of stdin ends, and says how it ended. */
const watch = `
exec 3<&0 </dev/null
{
  trap '' HUP INT TERM
  while read -r _; do :; done <&3
  read -r self _ </proc/self/stat
  finish "$$"
  kill -KILL 0
} >/dev/null 2>&1 &
otto_watcher=$!
exec 3<&-
${quoteCommand(["/bin/sh", "-c", start, "sh"])} "$otto_mark" "$@"
code=$?
echo "$otto_mark exit $code" >&2
exec 2>/dev/null
kill -KILL "$otto_watcher"
wait "$otto_watcher"
exit "$code"
`;

/** Makes a sentinel and says it without waiting for anybody; where the kernel gives none it asks for one, a line on stdin. */
const ownSentinel = `
{ read -r otto_mark </proc/sys/kernel/random/uuid; } 2>/dev/null ||
  { printf %s "${sentinelAhead} ${wantedSentinel} " >&2; read -r otto_mark; } || exit`;

const watched = `${finish}${ownSentinel}
echo "${sentinelAhead} $otto_mark begun" >&2
${watch}`;

/**
 * `otto_accounts` reads what decides an exec's user, groups and home: those of one that has been started stay as they were.
 * It fails where the user may not read them.
 */
const accounts = `
otto_accounts() {
  otto_read=
  for otto_file in /etc/passwd /etc/group; do
    [ -e "$otto_file" ] || continue
    [ -r "$otto_file" ] || return
    while IFS= read -r otto_line; do
      otto_read="$otto_read$otto_line$otto_newline"
    done <"$otto_file"
    otto_read="$otto_read$otto_line/"
  done
}
`;

// The command's words come when all else is done, and the last line when they have been understood: what has not had that
// line never runs. A shell sets OLDPWD where it changes its directory.
const spare = `${finish}${ownSentinel}
otto_newline='
'
${accounts}
IFS= read -r otto_workdir && otto_accounts || exit
otto_known=$otto_read
otto_open=
echo "${sentinelAhead} $otto_mark ready $$" >&2
IFS= read -r otto_request || exit
otto_accounts && [ "$otto_read" = "$otto_known" ] || exit
eval "$otto_request" || exit
unset OLDPWD
echo "$otto_mark set" >&2
read -r otto_go || exit
[ -z "$otto_open" ] || { set -- "$otto_mark" "$@"; ${start}; }
${watch}`;

const announced = `
read -r otto_mark || exit
echo "$otto_mark $$" >&2
read -r _ || exit
set -- "$otto_mark" "$@"
${start}`;

// The engine leaves a terminal open when its client goes: after 10 s without a word this ends. dash has no `read -t`, and
// says so by 2, but takes what the terminal gives; busybox is the other way round.
const announcedTerminal = `
echo "$1 $$"
set -- "$(stty -g 2>/dev/null)" "$@"
stty -icanon min 0 time 100 2>/dev/null
read -t 10 -r _ 2>/dev/null
case $? in
  0) ;;
  2) read -r _ || exit ;;
  *) exit ;;
esac
stty "$1" 2>/dev/null
shift
echo "$1"
shift
exec "$@"
`;

const watchdog = `${finish}
exec 2>/dev/null
self=
forget() { case " $leaders " in *" $1 "*) leaders="\${leaders%% $1 *} \${leaders#* $1 }" ;; esac; }
leaders=' '
while read -r verb pid signal; do
  case $verb in
    watch) leaders="$leaders$pid " ; echo "$pid" ;;
    forget) forget "$pid" ;;
    signal) strike "$signal" "$pid" ;;
    end) forget "$pid"; finish "$pid" >/dev/null & ;;
  esac
done
finish "$leaders"
`;

/**
 * Runs `command` with an empty stdin. Its own stdin is held open: at its end, the command is ended. On stderr it says
 * {@link sentinelAhead} and `<sentinel> begun`, and when the command has ended `<sentinel> exit <code>`; a sentinel alone before that
 * says that the program could not be started.
 */
export function watchedCommand(command: readonly string[]): string[] {
  return ["/bin/sh", "-c", watched, "sh", ...command];
}

/**
 * Waits for a command, which it then runs as {@link watchedCommand} does, or becomes as {@link announcedCommand} does. It reads a line
 * with the directory where commands start that name no other, and says `<sentinel> ready <pid>`; reads a line of {@link formatSpareRequest} and says `<sentinel> set`; and begins at the next line.
 * It ends instead of saying either where a fresh exec might come out otherwise.
 */
export const spareCommand: readonly string[] = ["/bin/sh", "-c", spare, "sh"];

export interface SpareRequest {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Default: the spare's. */
  readonly workdir?: string | undefined;
  /** Whether the rest of the spare's stdin is the command's, which then is not ended by its end. */
  readonly hasStdin: boolean;
}

/** Shells read a pipe byte by byte; a fresh exec is faster then. */
const longestRequestBytes = 16 << 10;

/** Those that a shell sets itself, or changes its ways by: as its variables they are not what they are at its start. */
const shellVariable =
  /^(_|otto_.*|BASH.*|COMP.*|DIRSTACK|ENV|EPOCH.*|EUID|FUNC.*|GLOBIGNORE|GROUPS|HIST.*|HOST.*|IFS|IGNOREEOF|INPUTRC|KSH.*|LANG|LANGUAGE|LC_.*|LINENO|LINES|COLUMNS|MACHTYPE|MAIL.*|OLDPWD|OPT.*|OSTYPE|PIPESTATUS|POSIX.*|PPID|PROMPT.*|PS[0-9]|PWD|RANDOM|READLINE.*|REPLY|SECONDS|SHELL.*|SHLVL|SRANDOM|TMOUT|TIMEFORMAT|TMPDIR|UID|USERNAME|YASH.*|ZDOTDIR|auto_resume|histchars)$/;

/** Whether a variable may be set by a shell that runs, and is then what it would be if the shell had been started with it. */
export function isPlainVariable(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !shellVariable.test(name);
}

/** The line that makes a spare ready for a command; undefined: it is none for a spare. */
export function formatSpareRequest({ argv, env, workdir, hasStdin }: SpareRequest): string | undefined {
  const variables = Object.entries(env);
  // An empty HOME is one that the runtime replaces.
  const isFit =
    workdir?.startsWith("/") !== false && env.HOME !== "" && variables.every(([name]) => isPlainVariable(name));
  if (!isFit || [workdir, ...Object.values(env)].some((text) => text?.includes("\0"))) return undefined;
  const steps = [
    `cd -P -- ${workdir === undefined ? '"$otto_workdir"' : quoteWord(workdir)} 2>/dev/null`,
    ...variables.map(([name, value]) => `export ${name}=${quoteWord(value)}`),
    `set -- ${quoteCommand(argv)}`,
    ...(hasStdin ? ["otto_open=yes"] : []),
  ];
  const line = steps.join(" && ").replaceAll("\n", `'"$otto_newline"'`);
  return Buffer.byteLength(line) > longestRequestBytes ? undefined : `${line}\n`;
}

/**
 * Reads a line with the sentinel, says `<sentinel> <pid>` on stderr and becomes `command` at the next line; the rest of stdin is
 * the command's. A sentinel alone on the last line of stderr says that the program could not be started.
 */
export function announcedCommand(command: readonly string[]): string[] {
  return ["/bin/sh", "-c", announced, "sh", ...command];
}

/** Does the same on a terminal, which has one output and echoes what it reads: `command` begins after a second sentinel. */
export function announcedTerminalCommand(sentinel: string, command: readonly string[]): string[] {
  return ["/bin/sh", "-c", announcedTerminal, "sh", sentinel, ...command];
}

/**
 * Reads `watch PID` (and answers `PID`), `forget PID`, `signal PID NAME` and `end PID`; at the end of its stdin it ends
 * every session that it watches.
 */
export const watchdogCommand: readonly string[] = ["/bin/sh", "-c", watchdog];
