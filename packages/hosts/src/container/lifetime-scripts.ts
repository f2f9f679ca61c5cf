import { quoteCommand } from "@otto/errors";
import { tellFailedExec } from "ssh2-streamer";

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

const watched = `${finish}
read -r otto_mark || exit
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
exec 2>/dev/null
kill -KILL "$otto_watcher"
wait "$otto_watcher"
exit "$code"
`;

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
 * Runs `command` with an empty stdin. Its own stdin is held open, after a line with the sentinel: at its end, so is the
 * command's. A sentinel alone on the last line of stderr says that the program could not be started.
 */
export function watchedCommand(command: readonly string[]): string[] {
  return ["/bin/sh", "-c", watched, "sh", ...command];
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
