import { abortable, OttoError, quoteCommand, quoteWord } from "@otto/errors";
import {
  appendLogScript,
  engineVariables,
  type LockHolder,
  lockFunctions,
  type Parent,
  parseHolder,
} from "@otto/hosts";
import { ownDirectory, removeTreeScript, stackKey, stagedDirectoryScript } from "@otto/remote-tree";
import { removeContainersScript } from "../execute/scripts.js";
import { dockerWords, downCommand, memberFilter, projectFilter } from "../session/compose-command.js";
import { readLines } from "../session/read-lines.js";
import type { StackLocation, StackSession } from "../session/stack-session.js";

/** A lease that others can see; it ends with this process or its link. */
export interface HeldLease {
  /** Ends it in good order. */
  release(): Promise<void>;
}

export interface HoldOptions {
  /** The name under which a waiting command reports the clean-up after this process. */
  readonly who: string;
  /**
   * Shell text that takes the stack down where its holders own it, run by the parent with the stack's lock when the last one is
   * gone without a word. Default: what takes down a stack of Compose.
   */
  readonly takeDownScript?: string | undefined;
  /** Called when someone keeps it from being noted: none of us does. */
  readonly onWaiting?: ((holder: LockHolder) => void) | undefined;
  /** Ends the wait for it. */
  readonly signal?: AbortSignal | undefined;
}

type LeaseProcess = Awaited<ReturnType<Parent["spawn"]>>;

/**
 * Holds a lease of a stack: a process on the parent holds a shared lock until `release`. When its stdin ends without, the
 * holder is gone; if nobody else has a lease and the stack is owned, that process takes it down.
 *
 * To be called with the stack's lock, so that nobody decides meanwhile that the stack is not leased.
 * @throws OttoError `COMPOSE_SESSION_LOST`, and what connecting or `onWaiting` throws
 */
export async function holdLease(
  { parent, project, member }: StackLocation,
  {
    who,
    takeDownScript = composeDownScript({ parent, project, member }, cleanerOf(who)),
    onWaiting,
    signal,
  }: HoldOptions,
): Promise<HeldLease> {
  const script = leaseScript(takeDownScript);
  const process = await abortable(
    startLease(parent, { project, key: stackKey(project, member), who, script }),
    signal,
    letGo,
  );
  const held = new Promise<void>((resolve, reject) => {
    readLines(process.stdout, (line) => {
      if (line === "held") resolve();
      if (!line.startsWith("waiting ")) return;
      try {
        onWaiting?.(parseHolder(line.slice("waiting ".length)));
      } catch (error) {
        reject(error);
      }
    });
  });
  const ended = process.exit.then(() => {
    throw new OttoError(
      "COMPOSE_SESSION_LOST",
      `holding the stack ${project} on ${parent.id}: the process there has ended`,
    );
  });
  ended.catch(() => {});
  try {
    await abortable(Promise.race([held, ended]), signal);
  } catch (error) {
    letGo(process);
    throw error;
  }
  return {
    async release() {
      letGo(process);
      await process.exit.catch(() => {});
    },
  };
}

async function startLease(
  parent: Parent,
  {
    project,
    key,
    who,
    script,
  }: { readonly project: string; readonly key: string; readonly who: string; readonly script: string },
): Promise<LeaseProcess> {
  const process = await parent.spawn([
    "sh",
    "-c",
    readScript,
    "otto-lease",
    `${Buffer.byteLength(script)}`,
    project,
    who,
    key,
  ]);
  for (const stream of [process.stdin, process.stdout, process.stderr]) stream.on("error", () => {});
  process.stderr.resume();
  process.stdin.write(script);
  return process;
}

// By stdin: Dropbear ends a connection that sends a command of 9000 bytes. Without its end only a part of it has come.
const readScript = `script=$(dd bs="$1" count=1 iflag=fullblock 2>/dev/null)
case $script in *"# otto-lease") eval "$script" ;; *) exit 1 ;; esac`;

function letGo({ stdin, stdout }: LeaseProcess): void {
  stdout.resume();
  stdin.end("release\n");
}

/** Shell text that fails when somebody has a lease of the stack `$key`, or when that cannot be said. */
const isUnusedScript = `{ find_lock "$key.used" && for place in $(lock_places); do flock -n "$place/." true || exit; done; }`;

/** Whether anyone has a lease of the stack. To be asked with the stack's lock. */
export async function isLeased(session: StackSession): Promise<boolean> {
  const { exitCode } = await session.run(
    `${lockFunctions}\nkey=${quoteWord(stackKey(session.project, session.member))}\n${isUnusedScript}`,
  );
  return exitCode !== 0;
}

function leaseScript(takeDownScript: string): string {
  return `export project="$2" who="$3" key="$4" lock_functions=${quoteWord(lockFunctions)}
umask 077
unset ${engineVariables.join(" ")}
eval "$lock_functions"
find_lock "$key.used" || exit 1
tell_holder ''
flock -s "$lock" sh -c 'echo held; read -r answer; [ "$answer" = release ]' otto-used "$who" && exit 0
exec >/dev/null 2>&1 </dev/null
trap '' HUP PIPE
find_lock "$project" || exit 1
with_lock ${quoteWord(`eval "$lock_functions"\n${isUnusedScript} || exit\n${takeDownScript}`)} "${cleanerOf("$who")}"
# otto-lease`;
}

/** Who takes down what a killed holder left. */
const cleanerOf = (who: string) => `the clean-up after ${who}`;

/** Seconds. The owner is gone: nobody waits for a graceful end. */
const stopTimeout = 1;

function composeDownScript({ parent, project, member }: StackLocation, who: string): string {
  const docker = dockerWords(parent);
  const filter = projectFilter(project);
  const down = downCommand([...parent.docker.command, "compose"], project, { stopTimeout, volumes: false });
  return `${removeTreeScript(parent.docker.command)}
${stagedDirectoryScript(project, parent.docker.stagingRoot, member)}
[ -e "$dir/${ownDirectory}/owned" ] || exit 0
${member === undefined ? `${quoteCommand(down)} || :` : ":"}
ids=$(${docker} container ls --all --quiet ${filter} ${memberFilter(member)})
[ -z "$ids" ] || ${removeContainersScript(docker, { stopTimeout, volumes: false })}
networks=$(${docker} network ls --quiet ${filter})
[ -z "$networks" ] || ${docker} network rm $networks
remove_tree
${appendLogScript({ do: "down", who, project })}`;
}
