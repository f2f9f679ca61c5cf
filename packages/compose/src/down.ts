import { OttoError } from "@otto/errors";
import type { Parent } from "@otto/hosts";
import { type KeptFiles, removeTree } from "@otto/remote-tree";
import { lastLine } from "./declared/engine-text.js";
import type { ComposeOutputEvent, StackEvent } from "./events/stack-event.js";
import { createStackProgress, readOutput } from "./events/stack-progress.js";
import { removeContainersScript } from "./execute/scripts.js";
import { type ObservedContainer, observeStack } from "./observed/observed-stack.js";
import { dockerWords, downCommand, projectFilter } from "./session/compose-command.js";
import { type ComposeOutcome, createCompose } from "./session/compose-process.js";
import { type WaitingEvent, withStackLock } from "./session/stack-lock.js";
import type { StackLocation, StackSession } from "./session/stack-session.js";

export type DownEvent = WaitingEvent | StackEvent | ComposeOutputEvent;

export interface DownOptions {
  /** Seconds each container gets before it is killed. */
  readonly stopTimeout: number;
  /** Whether named volumes and what containers wrote into bind mounts go too. */
  readonly volumes: boolean;
  /** The name under which a waiting command reports this call. */
  readonly who: string;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: DownEvent) => void) | undefined;
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
  return withStackLock({ parent, project }, options, (session) => takeDownIn(session, options));
}

type TearDown = Pick<DownOptions, "stopTimeout" | "volumes" | "signal"> & {
  readonly onEvent?: ((event: StackEvent | ComposeOutputEvent) => void) | undefined;
};

/** The same within a session that holds the stack's lock. */
export async function takeDownIn(session: StackSession, options: TearDown): Promise<DownOutcome> {
  const { parent } = session;
  const { containers, remoteDir } = await observeStack(session);
  const isEmpty = containers.length === 0 && !options.volumes;
  const stopped = isEmpty ? nothingToStop : await stop(session, containers, options);
  options.signal?.throwIfAborted();
  // Compose before 2.27 fails and stops nothing when a container is gone that another's labels say it depends on.
  const volumes = options.volumes && stopped.exitCode !== 0;
  const rest = await session.run(removeRestScript(session, { ...options, volumes }));
  if (rest.exitCode !== 0) throw downFailed(session, stopped.output + rest.output);
  const tree = { shell: session, remoteDir, host: parent.id, docker: parent.docker.command };
  const kept = await removeTree(tree, { volumes: options.volumes });
  return { wasUp: containers.length > 0, kept };
}

/** One sentence for a person. */
export function formatKept({ host, directory, files }: KeptFiles): string {
  const count = files === 0 ? "" : files === 1 ? " (1 file)" : ` (${files} files)`;
  return `what containers wrote${count} stays in ${host}:${directory}; \`otto docker down --volumes\` removes it`;
}

const nothingToStop = { exitCode: 0, output: "" };

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
