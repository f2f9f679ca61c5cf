/*
 * One process on the parent does all of an operation, so that it needs one channel whatever the server allows. It reads
 * commands from its stdin and holds the stack's lock, which is `flock` on a directory that every user of the parent can
 * open. When its stdin ends without `quit`, whoever drove it is gone: it ends what it started, and with it the lock.
 *
 * Answers go to stdout, each ended by a line `<nonce> <exit code>`; what happens meanwhile goes to stderr.
 */

/**
 * A function that sets `lock` to a directory for `$project`, and makes it; `$lock.used` is beside it. All users of the
 * parent come to the same place, which holds no bytes of anyone.
 */
export const lockScript = `find_lock() {
  for base in /run/lock /dev/shm /tmp; do
    if [ -d "$base" ] && [ -k "$base" ]; then break; fi
  done
  lock=$base/otto/$project
  (umask 0; for made in "$base/otto" "$lock" "$lock.used"; do [ -d "$made" ] || mkdir -m 1777 "$made"; done) 2>/dev/null
  [ -d "$lock" ] && [ ! -L "$base/otto" ] && [ ! -L "$lock" ]
}`;

/** Arguments: nonce, Compose project name, who asks; no project: no lock. */
export const sessionScript = `
nonce=$1 project=$2 who=$3
umask 077
exec 3>&1
trap : TERM

${lockScript}

tell_holder() {
  inode=$(stat -c %i "$lock") since=$(stat -c %Y "$lock") holder=
  while read -r _ type _ _ pid file _; do
    [ "$type" = FLOCK ] && [ "\${file##*:}" = "$inode" ] || continue
    holder=$(tr '\\0' '\\n' <"/proc/$pid/cmdline" | tail -n 1)
  done </proc/locks
  printf '%s waiting %s %s\\n' "$nonce" "$since" "\${holder:-someone}" >&3
} 2>/dev/null

# Sizes are announced, so nothing beyond them is read.
take() { dd bs="$1" count=1 iflag=fullblock 2>/dev/null; }
take_chunks() { while read -r size && [ "$size" -gt 0 ]; do take "$size"; done; }

serve() {
  # What runs keeps the lock, too.
  exec 4>&1
  while read -r verb size; do
    case $verb in
    run) script=$(take "$size"); { (eval "$script") </dev/null >&3; printf '\\n%s %s\\n' "$nonce" "$?" >&3; } & ;;
    feed) script=$(take "$size"); take_chunks | (eval "$script") >&3; printf '\\n%s %s\\n' "$nonce" "$?" >&3 ;;
    stop) kill -s TERM "$size" 2>/dev/null ;;
    quit) kill -s TERM 0; exit 0 ;;
    esac
  done
  kill -s TERM 0
  sleep 0.4 2>/dev/null || sleep 1
  kill -s KILL 0
}

if [ -z "$project" ]; then
  printf '%s ready\\n' "$nonce" >&3
  serve | cat >/dev/null
elif ! command -v flock >/dev/null || ! find_lock; then
  printf '%s lockless\\n' "$nonce" >&3
else
  flock -n "$lock" true || tell_holder
  serve | flock "$lock" sh -c 'touch -c "$2"; printf "%s ready\\n" "$1" >&3; exec cat >/dev/null' otto-lock "$nonce" "$lock" "$who"
fi
`;
