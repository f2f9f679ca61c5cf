import { denseScript, engineVariables, findMissingPrograms, lockFunctions } from "@otto/hosts";

/*
 * One process on the parent does all of an operation, so that it needs one channel whatever the server allows. It reads
 * commands from its stdin and holds the stack's lock. When its stdin ends, it kills its process group, and with it the
 * lock; without `quit` whoever drove it is gone, and what runs first gets SIGTERM. The lock's end ends the group, too.
 *
 * Answers go to stdout, each ended by a line `<nonce> <exit code>`; what happens meanwhile goes to stderr.
 */

/** The end of each script that is sent: without it, only a part has come, which is not to be run. */
export const scriptEnd = (nonce: string): string => `\n# ${nonce}`;

/** Arguments: nonce, Compose project name, who asks, `even-reserved` or nothing; no project: no lock. */
export const sessionScript = denseScript(`
nonce=$1 project=$2 who=$3 reach=$4
umask 077
# Makes and prints a directory for one command's files, with a name that cannot be guessed; or prints what failed.
make_scratch() {
  trouble=
  for base in "\${TMPDIR:-/tmp}" /var/tmp /dev/shm; do
    said=$(mkdir -m 700 "$base/otto-$nonce" 2>&1) && printf %s "$base/otto-$nonce" && return
    trouble="$trouble$said; "
  done
  printf %s "$trouble"
  return 1
}
remove_scratch() { rm -rf "\${TMPDIR:-/tmp}/otto-$nonce" "/var/tmp/otto-$nonce" "/dev/shm/otto-$nonce"; }
# The docker client is told by its argv which engine it asks.
unset ${engineVariables.join(" ")}
exec 3>&1
trap : TERM

${lockFunctions}

${findMissingPrograms}

end_group() {
  kill -s TERM 0
  sleep 0.4 2>/dev/null || sleep 1
  remove_scratch
  kill -s KILL 0
}

# Sizes are announced, so nothing beyond them is read.
take() { dd bs="$1" count=1 iflag=fullblock 2>/dev/null; }
take_chunks() { while read -r size && [ "$size" -gt 0 ]; do take "$size"; done; }
take_script() {
  script=$(take "$1")
  case $script in *"# $nonce") ;; *) end_group ;; esac
}
# What runs keeps the lock; what it leaves in the background does not.
answer() {
  (eval "$script") >&3 3>&-
  printf '\\n%s %s\\n' "$nonce" "$?" >&3
}

# util-linux's script sleeps 2 s after it forwards SIGTERM, even if its child has already exited.
end_sleeper() {
  while [ "$(cat "/proc/$1/comm")" = script ]; do
    child=$(cat "/proc/$1/task/$1/children")
    [ -d "/proc/\${child%% *}" ] && ! grep -q '^State:.Z' "/proc/\${child%% *}/status" || { kill -s KILL "$1"; return; }
    sleep 0.1 || return
  done
}

# A subshell has no traps but its own, and whoever reads may be gone: neither may keep the group from its end.
serve() {
  trap : TERM PIPE HUP
  while read -r verb size; do
    case $verb in
    run) take_script "$size"; answer </dev/null & ;;
    feed) take_script "$size"; take_chunks | answer ;;
    ping) echo alive >&2 ;;
    stop) kill -s TERM "$size" 2>/dev/null; end_sleeper "$size" >/dev/null 2>&1 3>&- & ;;
    quit) remove_scratch; kill -s KILL 0 ;;
    esac
  done
  end_group
}

if [ -n "$missing" ]; then
  printf '%s missing %s\\n' "$nonce" "$missing" >&3
elif [ -n "$who" ] && [ -z "$reach" ] && tell_reserved "$nonce " "$who" >&3; then
  :
elif [ -z "$project" ]; then
  printf '%s ready\\n' "$nonce" >&3
  serve | cat >/dev/null
elif ! find_lock "$project"; then
  printf '%s lockless %s\\n' "$nonce" "$lock_trouble" >&3
else
  tell_holder "$nonce " >&3
  serve | { trap : TERM PIPE HUP; hold_lock "$nonce ready" "$who" >&3; end_group; }
fi
`);
