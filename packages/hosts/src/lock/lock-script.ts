import { cleanText } from "@otto/errors";

/** Who holds a lock, and since when. */
export interface LockHolder {
  /** As they call themselves; `someone` where that cannot be seen. */
  readonly who: string;
  readonly since: Date;
  /** The user id that holds it, as the parent's kernel has it. Undefined: in this process, or hidden there. */
  readonly uid?: number | undefined;
  /** The process that holds it on the parent; root or that user can end it. */
  readonly pid?: number | undefined;
}

/** Reads what `tell_holder` prints after `waiting`. */
export function parseHolder(text: string): LockHolder {
  const [since = "", uid = "", pid = "", ...who] = text.split(" ");
  const holder = { who: cleanText(who.join(" ")), since: new Date(Number(since) * 1000) };
  return uid === "-" ? holder : { ...holder, uid: Number(uid), pid: Number(pid) };
}

/**
 * Shell functions for a lock among all logins of a parent: a `flock` process there that lives as long as its stdin. A
 * client that dies or loses its link frees the lock.
 *
 * Each login has a directory of its own, `otto-<uid>` in `/run/lock`, `/dev/shm` or `/tmp`, which the sticky bit keeps from
 * everybody else. A lock is an empty directory in it. A login that wants the lock makes its own and then takes those of the
 * same name of every login, in one order: of two, the one that looks later sees the other's. A directory counts only when
 * its owner is the login in its name, so nobody can make a lock for somebody else.
 *
 * - `find_lock NAME` makes the login's own and sets `lock`; where it fails, `lock_trouble` says why.
 * - `lock_places` prints the locks of that name of all logins.
 * - `tell_holder PREFIX` prints `PREFIXwaiting <since> <uid> <pid> <who>` if it is held; `since` in seconds.
 * - `with_lock BODY WHO` waits for it and evaluates BODY with it; what BODY starts keeps it.
 * - `hold_lock LINE WHO` waits for it, prints LINE and holds it until stdin ends; SIGTERM ends the wait only.
 *
 * Who has reserved the parent is in line with all others who want to: each has a numbered directory, a ticket, beside its lock
 * `host.reserved`, and a lock on that as long as it lives. The first ticket whose lock is held has the parent.
 *
 * - `list_tickets` prints `<number> <path>` of all logins, in the order of the line; `is_held TICKET` tells who lives.
 * - `print_claim TICKET` prints `<now> <uid> <since> <until> <owner>`, times in seconds; until `-`: as long as its client lives.
 * - `tell_reserved PREFIX WHO` prints `PREFIXreserved <claim>`, and succeeds, if somebody else has the parent.
 */
export const lockFunctions = `own_lock_directory() {
  [ -d "$1" ] || (umask 022; mkdir "$1") 2>/dev/null
  [ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ] && return
  lock_trouble="$lock_trouble$(stat -c '; %n is a %F of uid %u' "$1" 2>/dev/null)"
  return 1
}
find_lock() {
  lock_name=$1 lock_trouble= lock_login=$(id -u)
  command -v flock >/dev/null || { lock_trouble='flock is missing'; return 1; }
  for base in /run/lock /dev/shm /tmp; do
    [ -d "$base" ] && [ -k "$base" ] || continue
    lock=$base/otto-$lock_login/$1
    own_lock_directory "\${lock%/*}" && own_lock_directory "$lock" && return
  done
  lock_trouble="no lock directory is writable$lock_trouble"
  return 1
}
lock_places() {
  LC_ALL=C
  for place in /dev/shm/otto-*/"$lock_name" /run/lock/otto-*/"$lock_name" /tmp/otto-*/"$lock_name"; do
    login=\${place#*/otto-} login=\${login%%/*}
    case $login in *[!0-9]*) continue ;; esac
    [ -d "$place" ] && [ ! -L "$place" ] && [ ! -L "\${place%/*}" ] && [ -r "$place" ] || continue
    [ "$(stat -c %u "$place")" = "$login" ] && printf '%s\\n' "$place"
  done
}
lock_pid() {
  set -- $(stat -c '%d %i' "$1")
  set -- "$(printf '%02x:%02x:%s' "$(($1 >> 8 & 4095))" "$(($1 & 255 | $1 >> 12 & 1048320))" "$2")"
  while read -r _ type _ _ pid file _; do
    [ "$type" != FLOCK ] || [ "$file" != "$1" ] || return 0
  done </proc/locks 2>/dev/null
  return 1
}
tell_holder() {
  # While it goes from one to the next, nobody is found, or one that has ended and has no words any more.
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    held= uid= pid=
    for place in $(lock_places); do
      flock -s -n "$place/." true 2>/dev/null && continue
      held=$place
      lock_pid "$place" && uid=$(stat -c %u "/proc/$pid" 2>/dev/null) || continue
      who=$({ tr '\\0' '\\n' <"/proc/$pid/cmdline"; } 2>/dev/null | tail -n 1 | head -c 300)
      [ -n "$who" ] || continue
      since=$(stat -c %Y "\${place%/otto-*}/otto-$uid/$lock_name" 2>/dev/null || stat -c %Y "$place")
      printf '%swaiting %s %s %s %s\\n' "$1" "$since" "$uid" "$pid" "$who"
      return
    done
    [ -n "$held" ] || return 0
    sleep 0.05 2>/dev/null
  done
  printf '%swaiting %s %s %s someone\\n' "$1" "$(stat -c %Y "$held")" "\${uid:--}" "\${pid:--}"
}
# One lock after another, each by the directory that was opened and looked at: its name may lead elsewhere by now.
otto_hold='if [ $# -eq 1 ]; then touch -c "$otto_lock"; eval "$otto_body"; exit; fi
login=\${1#*/otto-} place=$1; shift
{ [ "$(stat -L -c %u /proc/self/fd/9)" = "\${login%%/*}" ] && exec flock /proc/self/fd/9 sh -c "$otto_hold" otto-lock "$@"; } 9<"$place/."
exec sh -c "$otto_hold" otto-lock "$@"'
with_lock() {
  otto_body=$1 otto_lock=$lock
  export otto_hold otto_body otto_lock
  sh -c "$otto_hold" otto-lock $(lock_places) "$2"
}
hold_lock() {
  otto_line=$1
  export otto_line
  with_lock 'trap "" TERM; printf "%s\\n" "$otto_line"; exec cat >/dev/null' "$2"
}
list_tickets() (
lock_name=host.reserved
for place in $(lock_places); do
for ticket in "$place"/*; do
case \${ticket##*/} in 0*|*[!0-9]*|????????????????*) ;; *) echo "\${ticket##*/} $ticket" ;; esac
done
done | sort -n
)
is_held() {
flock -s -n "$1/." true 2>/dev/null
[ $? = 1 ]
}
print_claim() {
login=\${1#*/otto-}
[ -f "$1/claim" ] && printf '%s %s %s\\n' "$(date +%s)" "\${login%%/*}" "$(head -c 400 "$1/claim" | head -n 1)"
}
tell_reserved() {
claim=$(list_tickets | while read -r _ ticket; do is_held "$ticket" && print_claim "$ticket" && break; done)
case \${claim#* } in ''|"$(id -u) "*" \${2% (process *}") return 1 ;; esac
printf '%sreserved %s\\n' "$1" "$claim"
}`;
