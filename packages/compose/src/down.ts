import { OttoError, quoteWord } from "@otto/errors";
import type { Parent } from "@otto/hosts";
import { type KeptFiles, removeTree } from "@otto/remote-tree";
import { lastLine } from "./declared/engine-text.js";
import type { ComposeOutputEvent, StackEvent } from "./events/stack-event.js";
import { createStackProgress, readOutput } from "./events/stack-progress.js";
import { removeContainersScript } from "./execute/scripts.js";
import type { StackWarning } from "./execute/up-options.js";
import { type ObservedContainer, type ObservedStack, observeStack } from "./observed/observed-stack.js";
import { dockerWords, downCommand, projectFilter } from "./session/compose-command.js";
import { type ComposeOutcome, createCompose } from "./session/compose-process.js";
import { type WaitingEvent, withStackLock } from "./session/stack-lock.js";
import { logged } from "./session/stack-log.js";
import type { PhaseListener } from "./session/stack-phase.js";
import type { StackLocation, StackSession } from "./session/stack-session.js";

export type DownEvent = WaitingEvent | StackEvent | ComposeOutputEvent | StackWarning;

export interface DownOptions {
  /** Seconds each container gets before it is killed. */
  readonly stopTimeout: number;
  /** Whether named volumes and what containers wrote into bind mounts go too. */
  readonly volumes: boolean;
  /** Images that go too: all that the services use, or those alone that compose built. Default: none. */
  readonly rmi?: "all" | "local" | undefined;
  /** The services whose containers go; the rest of the stack stays. Default: the whole stack. */
  readonly services?: ReadonlySet<string> | undefined;
  /** The name under which a waiting command reports this call, and the log of the parent. */
  readonly who: string;
  /** The repo's name, for that log. Default: it says the project alone. */
  readonly repo?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: DownEvent) => void) | undefined;
  /** Called with each part of the work as it begins, for a trace. It must not throw. */
  readonly onPhase?: PhaseListener | undefined;
}

export interface DownOutcome {
  /** Whether any container was there. */
  readonly wasUp: boolean;
  /** What containers wrote into bind mounts, or changed of what was sent. The next `up` finds it there. */
  readonly kept: KeptFiles | undefined;
}

/**
 * Takes a project down and removes its staged files, when nobody else works on it. What containers wrote stays, as with
 * `docker compose down`, unless `volumes` is set.
 * @throws OttoError `COMPOSE_PROJECT_INVALID`, `COMPOSE_DOWN_FAILED`, `COMPOSE_MISSING`, `COMPOSE_LOCK_UNAVAILABLE`, `STAGING_FAILED`
 */
export async function takeDown(parent: Parent, project: string, options: DownOptions): Promise<DownOutcome> {
  const work = (session: StackSession) => takeDownIn(session, options);
  return withStackLock(
    { parent, project },
    options,
    loggedDown(options, work, ({ wasUp }) => wasUp),
  );
}

/** Has a tear-down add a line to the log of the parent, where anything was there. */
export function loggedDown<T>(
  { who, repo, services }: Pick<DownOptions, "who" | "repo" | "services">,
  work: (session: StackSession) => Promise<T>,
  wasUp: (result: T) => boolean,
): (session: StackSession) => Promise<T> {
  const text = services && [...services].join(", ");
  return logged({ do: "down", who, repo }, work, (result) => (wasUp(result) ? { text } : undefined));
}

type TearDown = Pick<DownOptions, "stopTimeout" | "volumes" | "rmi" | "services" | "signal" | "onPhase"> & {
  readonly onEvent?: ((event: StackEvent | ComposeOutputEvent) => void) | undefined;
};

/** The same within a session that holds the stack's lock. */
export async function takeDownIn(session: StackSession, options: TearDown): Promise<DownOutcome> {
  const { project } = session;
  options.onPhase?.({ type: "compose.phase", project, phase: "observe" });
  const { containers, remoteDir, memberDirs } = await observeStack(session);
  options.onPhase?.({ type: "compose.phase", project, phase: "take down" });
  if (session.member !== undefined) return removeMember(session, { containers, remoteDir }, options);
  const isOthers = containers.some(({ service }) => options.services?.has(service) === false);
  // The volumes of services that are down already are not theirs to remove.
  if (isOthers || (options.services !== undefined && options.volumes))
    return removeServices(session, containers, options);
  const isEmpty = containers.length === 0 && !options.volumes && options.rmi === undefined;
  const stopped = isEmpty ? nothingToStop : await stop(session, containers, options);
  options.signal?.throwIfAborted();
  // Compose before 2.27 fails and stops nothing when a container is gone that another's labels say it depends on.
  const volumes = options.volumes && stopped.exitCode !== 0;
  const rest = await session.run(removeRestScript(session, { ...options, volumes }));
  if (rest.exitCode !== 0) throw downFailed(session, stopped.output + rest.output);
  let kept = await removeStaged(session, remoteDir, options);
  for (const directory of memberDirs) kept = (await removeStaged(session, directory, options)) ?? kept;
  return { wasUp: containers.length > 0, kept };
}

function removeStaged(session: StackSession, remoteDir: string, { volumes }: TearDown): Promise<KeptFiles | undefined> {
  const { id: host, docker } = session.parent;
  return removeTree({ shell: session, remoteDir, host, docker: docker.command }, { volumes });
}

/** Of a project that several repos make, what one of them has there; networks stay as long as others are on them. */
async function removeMember(
  session: StackSession,
  { containers, remoteDir }: Pick<ObservedStack, "containers" | "remoteDir">,
  options: TearDown,
): Promise<DownOutcome> {
  const services = new Set(containers.map(({ service }) => service));
  const { wasUp } = await removeServices(session, containers, { ...options, services });
  return { wasUp, kept: await removeStaged(session, remoteDir, options) };
}

/** One sentence for a person. */
export function formatKept({ host, directory, files }: KeptFiles): string {
  const count = files === 0 ? "" : files === 1 ? " (1 file)" : ` (${files} files)`;
  return `what containers wrote${count} stays in ${host}:${directory}; \`otto docker down --volumes\` removes it`;
}

const nothingToStop = { exitCode: 0, output: "" };

/** What the staged tree holds, and the mark of who takes the stack down, is left to those that stay. */
async function removeServices(
  session: StackSession,
  containers: readonly ObservedContainer[],
  { services, ...options }: TearDown,
): Promise<DownOutcome> {
  const going = containers.filter(({ service }) => services?.has(service));
  if (going.length === 0) return { wasUp: false, kept: undefined };
  const { project } = session;
  const report = (state: "stopping" | "removed") => {
    for (const { service, replica, name } of going)
      options.onEvent?.({ type: "compose.service", project, service, replica, container: name, state });
  };
  report("stopping");
  const ids = going.map(({ id }) => id);
  const { exitCode, output } = await session.run(removeIdsScript(session, ids, options));
  if (exitCode !== 0) throw downFailed(session, output);
  report("removed");
  for (const [, name = ""] of output.matchAll(/^removed volume (\S+)$/gm))
    options.onEvent?.({ type: "compose.resource", project, resource: "volume", name, state: "removed" });
  return { wasUp: true, kept: undefined };
}

/**
 * Networks that nobody is on any more go, too, as with compose; of the volumes, only those that these containers had. One
 * that has stopped counts: it could not be started again.
 */
function removeIdsScript({ parent, project }: StackLocation, ids: readonly string[], options: TearDown): string {
  const docker = dockerWords(parent);
  const filter = projectFilter(project);
  const names = '{{range .Mounts}}{{if eq .Type "volume"}}{{.Name}} {{end}}{{end}}';
  const volumes = options.volumes ? `$(${docker} container inspect --format '${names}' $ids)` : "";
  const isFree = (kind: string) => `[ -z "$(${docker} container ls --all --quiet --filter ${kind}="$one")" ]`;
  const removeVolume = `{ ${docker} volume rm "$one" >/dev/null && echo "removed volume $one"; }`;
  return `{ ids=${quoteWord(ids.join(" "))}
mounted=" ${volumes} " || exit 1
${removeContainersScript(docker, options)} || exit 1
for one in $(${docker} network ls --quiet ${filter}); do ! ${isFree("network")} || ${docker} network rm "$one" || exit 1; done
for one in $(${docker} volume ls --quiet ${filter}); do
case $mounted in *[[:space:]]"$one"[[:space:]]*) ! ${isFree("volume")} || ${removeVolume} || exit 1 ;; esac
done; } 2>&1`;
}

function stop(session: StackSession, before: readonly ObservedContainer[], options: TearDown): Promise<ComposeOutcome> {
  const { project } = session;
  const { signal, onEvent = () => {} } = options;
  const onOutput = readOutput(createStackProgress({ project, before, onEvent }), project, onEvent);
  return createCompose(session).run((argv) => downCommand(argv, project, options), { signal, onOutput });
}

/** What compose overlooks, as containers of a recreate that was killed and a network whose name changed, or leaves when it fails. */
function removeRestScript(
  { parent, project }: StackLocation,
  { stopTimeout, volumes }: Pick<DownOptions, "stopTimeout" | "volumes">,
): string {
  const docker = dockerWords(parent);
  const list = (command: string) => `$(${docker} ${command} --quiet ${projectFilter(project)})`;
  return `{ ids=${list("container ls --all")} && networks=${list("network ls")} || exit 1
volumes=${volumes ? list("volume ls") : ""} || exit 1
[ -z "$ids" ] || ${removeContainersScript(docker, { stopTimeout, volumes })} || exit 1
for network in $networks; do ${docker} network rm "$network" || ${isNetworkUsed(docker)} || exit 1; done
for volume in $volumes; do ${docker} volume rm "$volume" || ${isVolumeUsed(docker)} || exit 1; done; } 2>&1`;
}

/** What containers of others use stays, as with compose. */
const isNetworkUsed = (docker: string) =>
  `[ "$(${docker} network inspect --format '{{len .Containers}}' "$network")" -gt 0 ]`;

const isVolumeUsed = (docker: string) => `[ -n "$(${docker} container ls --all --quiet --filter volume="$volume")" ]`;

function downFailed({ parent, project }: StackLocation, output: string): OttoError {
  return new OttoError(
    "COMPOSE_DOWN_FAILED",
    `docker compose down of ${project} on ${parent.id}: ${lastLine(output)}`,
    {
      hint: "What is left shows `otto docker ps --all`; run `otto docker down` again.",
      details: { host: parent.id, project, output },
    },
  );
}
