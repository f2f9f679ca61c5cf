import { formatShellCommand } from "./shell-command.js";

// The last step reaches what the leader left behind, too. `sleep` of a fraction is not POSIX.
const endScript = `
kill -s TERM -- "-$1" 2>/dev/null || exit 0
left=15
while [ "$left" -gt 0 ]; do
  kill -s 0 -- "-$1" 2>/dev/null || exit 0
  sleep 0.1 2>/dev/null || { sleep 1; left=1; }
  left=$((left - 1))
done
kill -s KILL -- "-$1" 2>/dev/null
exit 0
`;

/** How long {@link formatEndCommand} takes at most. */
export const endGroupMs = 2000;

/** A command line that ends a process group: TERM, and KILL for what is still there after 1.5 s. */
export function formatEndCommand(groupId: number): string {
  return `exec ${formatShellCommand(["sh", "-c", endScript, "otto-end", String(groupId)])}`;
}

/** A command line that sends a signal to a process group. */
export function formatSignalCommand(groupId: number, signal: string): string {
  const script = 'kill -s "$2" -- "-$1" 2>/dev/null; exit 0';
  const name = signal.replace(/^SIG/, "");
  return `exec ${formatShellCommand(["sh", "-c", script, "otto-signal", String(groupId), name])}`;
}
