import { quoteWord } from "@otto/errors";
import { formatLogEntry, type ParentLogEntry } from "./log-line.js";

/** A log that has grown beyond it becomes `log.1`, in place of the one before. */
const longestLogBytes = 1 << 18;

/**
 * A shell function `append_log JSON` that adds a line, with the parent's time before it, to the login's own log there:
 * `log` in `otto-<uid>` (0755) of `/var/tmp`, or where a stranger has that name, of `/tmp`. Every login can read it and no
 * other can write, take away or hide it: the sticky bit keeps them from the directory. Lines are whole: one writes at a time,
 * by a lock that other logins cannot open; one that was cut off ends before the next. It fails where it wrote nothing.
 */
export const appendLogFunction = `append_log() {
for base in /var/tmp /tmp; do
[ -d "$base" ] && [ -k "$base" ] || continue
log=$base/otto-\${lock_login:=$(id -u)}
[ -d "$log" ] || (umask 022; mkdir "$log") 2>/dev/null
[ -d "$log" ] && [ ! -L "$log" ] && [ -O "$log" ] || continue
[ -e "$log/log.lock" ] || (umask 077; : >>"$log/log.lock")
(umask 022
command -v flock >/dev/null && flock -w 5 8
[ "$(stat -c %s "$log/log" || echo 0)" -lt ${longestLogBytes} ] || mv -f "$log/log" "$log/log.1"
printf '\\n%s %s\\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$1" >>"$log/log") 8>>"$log/log.lock" && return
done 2>/dev/null
return 1
}`;

/** Shell text that appends an entry; it fails where that is not possible. */
export function appendLogScript(entry: ParentLogEntry): string {
  return `${appendLogFunction}\nappend_log ${quoteWord(formatLogEntry(entry))}`;
}

/** Of one file of a login's log, which may be a stranger's idea of one. */
const longestReadBytes = longestLogBytes * 2;

/**
 * Prints the logs of all logins, for `parseLog`: the last lines of each, with the user id before each line, and a line
 * `= <uid> <name>` before them. What is no file of that login's is left out, and nothing that a neighbour lays there holds it up.
 */
export function readLogScript(lines: number): string {
  return `export LC_ALL=C
for log in /var/tmp/otto-* /tmp/otto-*; do
uid=\${log##*/otto-}
case $uid in ''|*[!0-9]*) continue ;; esac
[ -d "$log" ] && [ ! -L "$log" ] && [ "$(stat -c %u "$log")" = "$uid" ] || continue
printf '= %s %s\\n' "$uid" "$(id -nu "$uid" 2>/dev/null)"
for file in "$log/log.1" "$log/log"; do
dd if="$file" iflag=nofollow,nonblock bs=65536 count=${longestReadBytes / 65536} 2>/dev/null; echo
done | tail -n ${lines * 2 + 2} | sed "s/^/$uid /"
echo
done`;
}
