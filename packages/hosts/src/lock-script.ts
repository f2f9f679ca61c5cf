/**
 * Shell functions for a lock among all users of a parent: a `flock` process there that lives as long as its stdin. Whoever
 * dies or loses the link lets go. What is locked is an empty directory, since everybody may open that whoever made it.
 *
 * - `find_lock NAME` sets `lock` and makes it; fails where there is no `flock` or no place for a lock.
 * - `tell_holder PREFIX` prints `PREFIXwaiting <since> <who>` when someone holds it; `since` in seconds.
 * - `hold_lock LINE WHO` waits for it, prints LINE and holds it until stdin ends; SIGTERM ends the wait only.
 */
export const lockFunctions = `find_lock() {
  for base in /run/lock /dev/shm /tmp; do if [ -d "$base" ] && [ -k "$base" ]; then break; fi; done
  lock=$base/otto/$1
  [ -d "$lock" ] || (umask 0; mkdir -m 1777 "$base/otto"; mkdir -m 1777 "$lock") 2>/dev/null
  command -v flock >/dev/null && [ ! -L "$base/otto" ] && [ ! -L "$lock" ] && [ -d "$lock" ]
}
tell_holder() {
  inode=$(stat -c %i "$lock") holder=
  # While it goes from one to the next, nobody is found.
  for _ in 1 2 3 4 5; do
    if flock -n "$lock" true; then return; fi
    while read -r _ type _ _ pid file _; do
      [ "$type" = FLOCK ] && [ "\${file##*:}" = "$inode" ] || continue
      holder=$(tr '\\0' '\\n' <"/proc/$pid/cmdline" | tail -n 1)
    done </proc/locks 2>/dev/null
    [ -z "$holder" ] || break
  done
  printf '%swaiting %s %s\\n' "$1" "$(stat -c %Y "$lock")" "\${holder:-someone}"
}
hold_lock() {
  exec flock "$lock" sh -c 'trap "" TERM; touch -c "$1"; printf "%s\\n" "$2"; exec cat >/dev/null' otto-lock "$lock" "$1" "$2"
}`;
