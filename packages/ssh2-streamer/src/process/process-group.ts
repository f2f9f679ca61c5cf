import { formatLoginLine } from "../command/login-line.js";

/*
 * What a command started is its process group, and what `/proc` shows beside that: the rest of its session (shells with job
 * control and `timeout` make groups of their own), and the children of all of these, whatever session they made. Where the
 * shell of the login is no group of its own (Dropbear; a forced command that starts a shell) and no `setsid` made it one,
 * it is the tree of its children alone. A daemon, whose parent has ended and whose session is another one, is left.
 */
const findTargets = `
leader=$1 group=-$1 others= known=" $1 "
kill -s 0 -- "$group" 2>/dev/null || group= others=$1
find_others() {
  found=1
  while [ -n "$found" ]; do
    found=
    for stat in /proc/[0-9]*/stat; do
      read -r line <"$stat" || continue
      pid=\${line%% *}
      case $known in *" $pid "*) continue ;; esac
      # Its state, parent, group and session.
      set -- \${line##*) }
      [ "$1" != Z ] || continue
      case $4:$known in "$leader:"* | *" $2 "*) ;; *) continue ;; esac
      known="$known$pid " found=1
      [ -n "$group" ] && [ "$3" = "$leader" ] || others="$others $pid"
    done 2>/dev/null
  done
}
strike() {
  struck=1
  for target in $group $others; do kill -s "$1" -- "$target" 2>/dev/null && struck=0; done
  return "$struck"
}
find_others
`;

// The last step reaches what the leader left behind, too. `sleep` of a fraction is not POSIX.
const endScript = `${findTargets}
strike TERM || exit 0
left=15
while [ "$left" -gt 0 ]; do
  strike 0 || exit 0
  sleep 0.1 2>/dev/null || { sleep 1; left=1; }
  left=$((left - 1))
done
find_others
strike KILL
exit 0
`;

/** How long {@link formatEndCommand} takes at most. */
export const endGroupMs = 2000;

/**
 * A command line that ends what a process started: TERM, and KILL for what is still there after 1.5 s.
 */
export function formatEndCommand(pid: number): string {
  return formatLoginLine(["sh", "-c", endScript, "otto-end", String(pid)]);
}

/** A command line that sends a signal to a process and to what it started. */
export function formatSignalCommand(pid: number, signal: string): string {
  const name = signal.replace(/^SIG/, "");
  const script = `${findTargets}\nstrike "$2"; exit 0`;
  return formatLoginLine(["sh", "-c", script, "otto-signal", String(pid), name]);
}
