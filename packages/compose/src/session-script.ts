import { engineVariables, lockFunctions } from "@otto/hosts";

/*
 * One process on the parent does all of an operation, so that it needs one channel whatever the server allows. It reads
 * commands from its stdin and holds the stack's lock. When its stdin ends without `quit`, whoever drove it is gone: it
 * ends what it started, and with it the lock.
 *
 * Answers go to stdout, each ended by a line `<nonce> <exit code>`; what happens meanwhile goes to stderr.
 */

/** Arguments: nonce, Compose project name, who asks; no project: no lock. */
export const sessionScript = `
nonce=$1 project=$2 who=$3
umask 077
# The docker client is told by its argv which engine it asks.
unset ${engineVariables.join(" ")}
exec 3>&1
trap : TERM

${lockFunctions}

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
    ping) echo alive >&2 ;;
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
elif ! find_lock "$project"; then
  printf '%s lockless\\n' "$nonce" >&3
else
  tell_holder "$nonce " >&3
  serve | hold_lock "$nonce ready" "$who" >&3
fi
`;
