/*
 * The engine leaves a process in a container running when its client goes, but it closes that process's stdin. These
 * scripts wait for that end and then kill their process group, which the runtime made for each exec: so whatever ends
 * our connection, ends the command and its children. Both need `/bin/sh` in the image.
 */

const watchStdin = `exec 3<&0 </dev/null
{ trap '' TERM
while read -r _; do :; done <&3
kill -TERM 0; sleep 1; kill -KILL 0; } >/dev/null 2>&1 &
watcher=$!
exec 3<&-
"$@"
code=$?
kill -KILL "$watcher"
exit "$code"`;

const relayStdin = `{ cat; kill -KILL 0; } | { /bin/sh; printf '%s %d\\n' "$1" "$?"; kill -KILL 0; }`;

/** @returns argv that runs `command`, with an empty stdin, until it ends or the connection does */
export function tieToConnection(command: readonly string[]): string[] {
  return ["/bin/sh", "-c", watchStdin, "sh", ...command];
}

/** @returns argv of a shell that reads its commands from stdin and prints `<endMarker> <exit code>` when it ends */
export function tiedShell(endMarker: string): string[] {
  return ["/bin/sh", "-c", relayStdin, "sh", endMarker];
}
