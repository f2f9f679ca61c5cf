import { quoteWord } from "@otto/errors";
import { denseScript } from "../lock/dense-script.js";
import { lockFunctions } from "../lock/lock-script.js";
import { appendLogFunction } from "../parent-log/log-script.js";

/*
 * A reservation is a place in a line: `lockFunctions` says what a ticket is. One who comes makes its ticket with the lock
 * `host.reserved`, so that numbers are given one by one, locks it before anybody can see it, and waits for the locks of those with a
 * lower number, which are all there. So two never have the parent, and the line is first in, first out; one that dies is no
 * longer in it. What ends a reservation (its client, its time, `released` in the ticket, `broken.…` beside the lock of any
 * login) is seen by its own process, which others wake by its FIFO `bell`.
 */

/** `enqueue` makes a ticket of `new.$nonce`; it is run with the lock. A login's dead tickets are its own to remove. */
const enqueueFunction = `enqueue() {
  last=0 ahead=0 first=
  while read -r number ticket; do
    [ -n "$number" ] || continue
    last=$number
    if is_held "$ticket"; then
      ahead=$((ahead + 1))
      [ -n "$first" ] || first=$(print_claim "$ticket")
    else
      case $ticket in "$lock"/*) rm -rf "$ticket" ;; esac
    fi
  done <<LINE
$(list_tickets)
LINE
  [ $ahead = 0 ] || [ -n "$waits" ] || { printf 'reserved %s\\n' "$first"; exit 1; }
  number=$((last + 1))
  [ \${#number} -le 15 ] && mv "$lock/new.$nonce" "$lock/$number" || exit 1
  [ $ahead = 0 ] || printf 'waiting %s\\n' "$first"
  printf 'queued %s\\n' "$ahead"
}`;

/** Of one whose ticket is the current directory. `keep` returns when the reservation is over, and why is in `end`. */
const keepFunctions = `is_over() {
  read -r _ until _ <claim
  [ "$until" != - ] && [ "$(date +%s)" -ge "$until" ]
}
find_end() {
  [ ! -e released ] || { echo released; return; }
  login=\${ticket#*/otto-}
  for place in $(lock_places); do
    mark=$place/broken.\${login%%/*}.\${ticket##*/}.$(stat -c %i .) breaker=\${place#*/otto-}
    [ ! -f "$mark" ] || { printf 'broken %s %s\\n' "\${breaker%%/*}" "$(head -c 300 "$mark" | head -n 1)"; return; }
  done
  is_over && echo over
}
await_bell() {
  read -r _ until _ <claim
  set -- dd bs=64 count=1
  if [ "$until" != - ]; then
    left=$((until - $(date +%s)))
    [ "$left" -gt 0 ] || return
    set -- timeout "$left" "$@"
  fi
  "$@" <&7 >/dev/null 2>&1 || [ $? -eq 124 ] || sleep 1
}
# It is run with the lock, for the time may have been extended.
end_ticket() {
  [ "$end" != over ] || is_over || exit
  rm -rf "$ticket"
}
keep() {
  export ticket end
  lock_name=host.reserved
  while :; do
    end=$(find_end)
    [ -n "$end" ] || { await_bell; continue; }
    with_lock 'eval "$functions"; end_ticket' "$owner"
    [ -e "$ticket" ] || return 0
  done
}`;

/** `find_first` sets \`first\`, the ticket that has the parent, and \`claim\`. */
const firstFunctions = `find_first() {
  first=
  while read -r _ ticket; do
    [ -n "$ticket" ] && is_held "$ticket" && { first=$ticket; break; }
  done <<LINE
$(list_tickets)
LINE
  [ -n "$first" ] || { echo free; exit; }
  claim=$(print_claim "$first")
}
is_own() { case \${claim#* } in "$(id -u) "*" $owner") ;; *) false ;; esac; }
ring() { printf x | dd of="$first/bell" oflag=nonblock conv=notrunc,nocreat 2>/dev/null; }`;

/** What is run with the lock has the functions by the environment. */
const begin = (
  functions: readonly string[],
) => `functions=${quoteWord(denseScript([lockFunctions, ...functions].join("\n")))}
${appendLogFunction}
eval "$functions"
umask 022
find_lock host.reserved || { printf 'lockless %s\\n' "$lock_trouble"; exit; }
export functions lock owner`;

/**
 * Arguments: owner; the entry of the log; seconds or nothing, for as long as stdin lasts; `wait` or nothing; a word that no other
 * call has.
 *
 * Prints `lockless <why>`, `reserved <claim>` where it does not wait; else `waiting <claim>` where somebody is first and `queued
 * <how many are ahead>`; then `held <claim>`. With seconds it then ends; without, it prints `ended <why>` when the reservation is
 * taken away.
 */
export const reserveScript = denseScript(`owner=$1 entry=$2 seconds=$3 waits=$4 nonce=$5
${begin([enqueueFunction, keepFunctions])}
for program in setsid timeout mkfifo sort; do
  command -v $program >/dev/null || { printf 'lockless %s is missing\\n' "$program"; exit; }
done
export waits nonce
mkdir "$lock/new.$nonce" && cd "$lock/new.$nonce" && mkfifo -m 622 bell && exec 8<. && flock 8 || exit
printf '%s - %s\\n' "$(date +%s)" "$owner" >claim
with_lock 'eval "$functions"; enqueue' "$owner" || { rm -rf "$lock/new.$nonce"; exit; }
ticket=$(readlink /proc/self/cwd)
export ticket
take() {
  list_tickets | while read -r number earlier; do
    [ "$number" -lt "\${ticket##*/}" ] || break
    flock -s "$earlier/." true 2>/dev/null
  done
  now=$(date +%s) until=-
  [ -z "$seconds" ] || until=$((now + seconds + 1))
  printf '%s %s %s\\n' "$now" "$until" "$owner" >claim.new && mv claim.new claim
  exec 7<>bell
  append_log "$entry"
}
# It outlives this process group and its client. Its output ends when it is on its own.
start_keeper() {
  setsid sh -c 'eval "$functions"; trap "" HUP; : >kept; echo kept; exec >/dev/null 2>&1 </dev/null; keep' otto-reserved "$owner" &
}
{
  cat >/dev/null
  [ -e "$ticket/kept" ] || rm -rf "$ticket"
  kill -s KILL 0
} | {
  take
  if [ -n "$seconds" ]; then
    [ "$(start_keeper </dev/null)" = kept ] && printf 'held %s\\n' "$(print_claim "$ticket")"
  else
    printf 'held %s\\n' "$(print_claim "$ticket")"
    keep
    printf 'ended %s\\n' "$end"
  fi
  kill -s KILL 0
}
`);

/** Stands in an entry of the log for the owner whose reservation is broken. */
export const brokenOwner = "@OWNER@";

/**
 * Arguments: owner; the entry of the log; `break` or nothing. Prints `free`, `reserved <claim>` of another's that is not broken, `stuck
 * <claim>` where its process does not end, or `released <claim>`. What is broken is noted before it is.
 */
export const releaseScript = denseScript(`owner=$1 entry=$2 breaks=$3
${begin([firstFunctions])}
find_first
exec 9<"$first/." || exit
login=\${first#*/otto-} mark= whose=$(printf %s "\${claim#* * * * }" | tr -cd 'A-Za-z0-9@._ -')
entry=$(printf %s "$entry" | sed "s/${brokenOwner}/$whose/")
if is_own; then
  append_log "$entry"
  : >"$first/released"
elif [ -n "$breaks" ]; then
  append_log "$entry"
  mark=$lock/broken.\${login%%/*}.\${first##*/}.$(stat -L -c %i /proc/self/fd/9)
  printf '%s\\n' "$owner" >"$mark"
else
  printf 'reserved %s\\n' "$claim"
  exit
fi
ring
if flock -s -w 10 9; then printf 'released %s\\n' "$claim"; else printf 'stuck %s\\n' "$claim"; fi
[ -z "$mark" ] || rm -f "$mark"
`);

/**
 * Arguments: owner; the entry of the log; seconds. Prints `free`, `reserved <claim>` of another's, `endless <claim>`, or `held
 * <claim>`.
 */
export const extendScript = denseScript(`owner=$1 entry=$2 seconds=$3
${begin([
  firstFunctions,
  `extend() {
  find_first
  is_own || { printf 'reserved %s\\n' "$claim"; exit; }
  read -r since until _ <"$first/claim"
  [ "$until" != - ] || { printf 'endless %s\\n' "$claim"; exit; }
  printf '%s %s %s\\n' "$since" "$((until + seconds))" "$owner" >"$first/claim.new" && mv "$first/claim.new" "$first/claim"
  ring
  printf 'held %s\\n' "$(print_claim "$first")"
}`,
])}
export seconds
answer=$(with_lock 'eval "$functions"; extend' "$owner")
case $answer in held*) append_log "$entry" ;; esac
printf '%s\\n' "$answer"
`);

/** Prints `claim <claim>` of each that is in the line, the first one first. Makes nothing on the parent. */
export const lineScript = denseScript(`${lockFunctions}
list_tickets | while read -r _ ticket; do
  is_held "$ticket" && printf 'claim %s\\n' "$(print_claim "$ticket")"
done
:
`);

/** Arguments: who. Prints `reserved <claim>` if somebody else has the parent. Makes nothing there. */
export const refusalScript = denseScript(`${lockFunctions}
tell_reserved "" "$1"
:
`);
