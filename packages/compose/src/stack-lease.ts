import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { abortable, OttoError, quoteWord } from "@otto/errors";
import { engineVariables, lockFunctions, type Parent } from "@otto/hosts";
import { ownDirectory, removeTreeScript, stagedDirectoryScript } from "@otto/staging";
import { downCommand } from "./compose-command.js";
import { dockerWords, projectFilter } from "./stack-observation.js";
import type { StackSession } from "./stack-session.js";

/** A use of a stack that others can see; it ends with this process or its link. */
export interface StackLease {
  /** Ends the use in good order. */
  release(): Promise<void>;
}

type LeaseProcess = Awaited<ReturnType<Parent["spawn"]>>;

/**
 * Notes on the parent that this process uses a stack: a process there holds a shared lock until `release`. When its
 * stdin ends without, whoever used the stack is gone; if nobody else uses it and it is owned, that process takes it down.
 *
 * To be called with the stack's lock, so that nobody decides meanwhile that the stack is not used.
 * @param signal ends the wait for it
 * @throws OttoError `COMPOSE_SESSION_LOST`, and what connecting throws
 */
export async function holdLease(parent: Parent, project: string, signal?: AbortSignal): Promise<StackLease> {
  const mark = randomBytes(8).toString("hex");
  const process = await abortable(startLease(parent, project, mark), signal, letGo);
  const held = once(process.stdout, "data");
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
  process.stdout.resume();
  return {
    async release() {
      letGo(process);
      await process.exit.catch(() => {});
    },
  };
}

async function startLease(parent: Parent, project: string, mark: string): Promise<LeaseProcess> {
  const process = await parent.spawn(["sh", "-c", leaseScript(parent, project), "otto-lease", mark, project]);
  for (const stream of [process.stdin, process.stdout, process.stderr]) stream.on("error", () => {});
  process.stderr.resume();
  return process;
}

function letGo({ stdin, stdout }: LeaseProcess): void {
  stdout.resume();
  stdin.end("release\n");
}

/** Whether anyone uses the stack. To be asked with the stack's lock. */
export async function isLeased(session: StackSession, project: string): Promise<boolean> {
  const { exitCode } = await session.run(
    `${lockFunctions}\nfind_lock ${quoteWord(`${project}.used`)} && flock -n "$lock" true`,
  );
  return exitCode !== 0;
}

/** Seconds. The owner is gone: nobody waits for a graceful end. */
const stopTimeout = 1;

function leaseScript(parent: Parent, project: string): string {
  const docker = dockerWords(parent);
  const filter = projectFilter(project);
  const down = downCommand([...parent.docker.command, "compose"], project, { stopTimeout, volumes: false });
  return `mark=$1 project=$2
umask 077
unset ${engineVariables.join(" ")}
${lockFunctions}
find_lock "$project.used" || exit 1
used=$lock
find_lock "$project" || exit 1
flock -s "$used" sh -c 'echo "$1"; read -r answer; [ "$answer" = release ]' otto-used "$mark" && exit 0
exec >/dev/null 2>&1 </dev/null
trap '' HUP PIPE
${removeTreeScript(parent.docker.command)}
take_down() {
  ${stagedDirectoryScript(project, parent.docker.stagingRoot)}
  flock -n "$used" true && [ -e "$dir/${ownDirectory}/owned" ] || return 0
  ${down.map(quoteWord).join(" ")} || :
  ids=$(${docker} container ls --all --quiet ${filter})
  [ -z "$ids" ] || ${docker} container rm --force $ids
  networks=$(${docker} network ls --quiet ${filter})
  [ -z "$networks" ] || ${docker} network rm $networks
  remove_tree
}
exec 9<"$lock"
flock 9
take_down
`;
}
