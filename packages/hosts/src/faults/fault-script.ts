import { lockFunctions } from "../lock/lock-script.js";
import { engineVariables } from "../parent/dial-stdio.js";

/** The lock that a container has which is not to run now, among all logins of its parent. */
const lockName = (container: string) => `fault-${container.slice(0, 32)}`;

/** The last line of each text that is sent. */
const end = "# otto-fault";

/** A change of containers, and what takes it back: shell text that may be run twice, and where the containers are gone. */
export interface FaultPlan {
  /** The container that `up` is to leave alone meanwhile: its id. Default: none. */
  readonly held?: string | undefined;
  readonly act: string;
  readonly undo: string;
}

/**
 * A POSIX shell script that does what a plan says, prints `done`, and takes it back when its stdin ends, or gets a line: then it
 * prints `undone`. Where the act fails it prints `failed` with why. The parent's lock of the container is held all the while.
 * On stdin come the act and what undoes it; arguments: the bytes of each, the lock's name or nothing.
 */
export const faultScript = `umask 077
take() { dd bs="$1" count=1 iflag=fullblock 2>/dev/null; }
otto_act=$(take "$1") otto_undo=$(take "$2")
# Without its end only a part of it has come.
case $otto_undo in *"${end}") ;; *) exit 1 ;; esac
export otto_act otto_undo
trap '' HUP INT TERM PIPE
unset ${engineVariables.join(" ")}
${lockFunctions}
export otto_fault='undo() { said=$(eval "$otto_undo" 2>&1); }
if said=$(eval "$otto_act" 2>&1); then
  echo done
  read -r _
  if undo; then echo undone; else printf "left %s\\n" "$(printf %s "$said" | tail -n 1)"; fi
else
  printf "failed %s\\n" "$(printf %s "$said" | tail -n 1)"
  undo
fi'
[ -n "$3" ] || exec sh -c "$otto_fault"
find_lock "$3" || { printf 'failed %s\\n' "$lock_trouble"; exit 1; }
flock -s "$lock/." sh -c "$otto_fault"
flock -n "$lock/." rmdir "$lock"`;

/** What {@link faultScript} is given. */
export function faultInput({ held, act, undo }: FaultPlan): { readonly argv: string[]; readonly stdin: string } {
  const texts = [act, undo].map((text) => `${text}\n${end}`);
  const sizes = texts.map((text) => String(Buffer.byteLength(text)));
  return { argv: [...sizes, held === undefined ? "" : lockName(held)], stdin: texts.join("") };
}

/** Shell text that prints those of the containers that a fault holds now, one a line. To be run on their parent. */
export function heldContainersScript(containers: readonly string[]): string {
  return `${lockFunctions}
for id in ${containers.map((id) => id.replace(/[^0-9a-f]/g, "")).join(" ")}; do
  lock_name=fault-$(printf %.32s "$id")
  for place in $(lock_places); do flock -n "$place/." true || { printf '%s\\n' "$id"; break; }; done
done`;
}

/** The ways in which a container is kept from working. */
export type HostFault =
  /** `stopTimeout`: seconds before it is killed. Default: the container's own, else 10. */
  | { readonly do: "stop"; readonly stopTimeout?: number | undefined }
  /** `signal`: default `KILL`. */
  | { readonly do: "kill"; readonly signal?: string | undefined }
  | { readonly do: "pause" };

/** @param docker words of a docker client, quoted */
export function planHostFault(docker: string, container: string, fault: HostFault): FaultPlan {
  return { held: container, act: `${docker} ${wordsOf(fault)} ${container}`, undo: runAgainScript(docker, container) };
}

function wordsOf(fault: HostFault): string {
  if (fault.do === "pause") return "pause";
  if (fault.do === "kill") return `kill --signal=${checkSignal(fault.signal ?? "KILL")}`;
  return fault.stopTimeout === undefined ? "stop" : `stop --time=${checkSeconds(fault.stopTimeout)}`;
}

/** Shell text that has a container run, if there is one. */
export function runAgainScript(docker: string, container: string): string {
  return `case $(${docker} container inspect --format '{{.State.Status}}' ${container} 2>/dev/null) in
paused) ${docker} unpause ${container} ;;
created | exited | dead) ${docker} start ${container} ;;
esac`;
}

/** @throws TypeError */
export function checkSignal(signal: string): string {
  if (/^[A-Za-z0-9+-]{1,20}$/.test(signal)) return signal;
  throw new TypeError(`no name or number of a signal: ${JSON.stringify(signal)}`);
}

/** @throws TypeError */
export function checkSeconds(seconds: number): number {
  if (Number.isInteger(seconds) && seconds >= 0) return seconds;
  throw new TypeError(`no whole number of seconds: ${seconds}`);
}
