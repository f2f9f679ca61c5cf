import { formatLoginLine } from "../command/login-line.js";

/*
 * What a command started is its process group. Where the shell of the login is no group of its own (Dropbear; a forced
 * command that starts a shell) and no `setsid` made it one, it is the tree of its children: `targets` has either.
 */
const findTargets = `
targets=-$1
kill -s 0 -- "$targets" 2>/dev/null || {
  targets=" $1 " found=1
  while [ -n "$found" ]; do
    found=
    for stat in /proc/[0-9]*/stat; do
      read -r line <"$stat" || continue
      fields=\${line##*) }
      parent=\${fields#* }
      case $targets in *" \${line%% *} "*) continue ;; esac
      case $targets in *" \${parent%% *} "*) targets="$targets\${line%% *} "; found=1 ;; esac
    done 2>/dev/null
  done
}
strike() {
  struck=1
  for target in $targets; do kill -s "$1" -- "$target" 2>/dev/null && struck=0; done
  return "$struck"
}
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
strike KILL
exit 0
`;

/** How long {@link formatEndCommand} takes at most. */
export const endGroupMs = 2000;

/**
 * A command line that ends the group that a process leads, else its tree: TERM, and KILL for what is still there after
 * 1.5 s.
 */
export function formatEndCommand(pid: number): string {
  return formatLoginLine(["sh", "-c", endScript, "otto-end", String(pid)]);
}

/** A command line that sends a signal to the group that a process leads, else to its tree. */
export function formatSignalCommand(pid: number, signal: string): string {
  const name = signal.replace(/^SIG/, "");
  const script = `${findTargets}\nstrike "$2"; exit 0`;
  return formatLoginLine(["sh", "-c", script, "otto-signal", String(pid), name]);
}
