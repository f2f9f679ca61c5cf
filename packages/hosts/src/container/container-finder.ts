import {
  type ContainerStatus,
  type ContainerSummary,
  type Engine,
  formatContainerStatus,
  isRunningState,
  readListedStatus,
} from "@otto/engine";
import { type Deadline, isOttoError, OttoError, SingleFlight } from "@otto/errors";
import { projectLabel, readServiceReplica } from "../compose/compose-labels.js";
import type { Parent } from "../parent/parent.js";

export interface ContainerHostOptions {
  /** `<parent id>.<repo>.<service>`, in lower case; a further replica has `.<number>` behind it. */
  readonly id: string;
  readonly service: string;
  /** The Compose project that the container belongs to. */
  readonly project: string;
  /** 1 for the first replica. */
  readonly replica: number;
  readonly engine: Engine;
  /** Where it runs, for `forward`. Without: by a program in the container alone. */
  readonly parent?: Pick<Parent, "id" | "dialTcp" | "spawn"> | undefined;
  /**
   * Whether a process waits in the container for the next `exec` after one, up to 10 s, which makes that faster. Where the
   * image has no `/bin/sh`, or the server allows few sessions, none does. Default true.
   */
  readonly keepsSpare?: boolean | undefined;
  /**
   * Called when no container runs, to have one, with what there is; what it throws is the error then. Default: there is
   * none.
   */
  readonly bringUp?: BringUp | undefined;
}

export type BringUp = (signal: AbortSignal, status: ContainerStatus) => Promise<void>;

/** What was looked up. */
interface Looked {
  /** The one that runs, else any. */
  readonly container: ContainerSummary | undefined;
  readonly status: ContainerStatus;
}

/** A running container, and whether its image has `/bin/sh`. */
export interface FoundContainer {
  readonly container: string;
  readonly hasShell: boolean;
}

/** Finds the container that a host stands for, and again when it was replaced. Calls may be made concurrently. */
export class ContainerFinder {
  readonly #options: ContainerHostOptions;
  readonly #looking = new SingleFlight((signal) => this.#lookForRunning(signal));
  readonly #bringing = new SingleFlight((signal) => this.#bringUp(signal));
  #found: FoundContainer | undefined;

  constructor(options: ContainerHostOptions) {
    this.#options = options;
  }

  /**
   * Uses the container. When it turns out to be gone or stopped, or the runtime failed to start anything in it, it is looked
   * up and used once more.
   * @param deadline ends looking for it; while its stack is brought up it stands still, and begins anew after that
   * @throws OttoError `HOST_NOT_RUNNING`, what `bringUp` throws, and what `use` throws
   */
  async use<T>(deadline: Deadline, use: (found: FoundContainer) => Promise<T>): Promise<T> {
    const isKnown = this.#found !== undefined;
    const found = this.#found ?? (await this.#find(deadline));
    try {
      return await use(found);
    } catch (error) {
      const isGone = isStopped(error) || (isKnown && isOttoError(error, "ENGINE_REQUEST_FAILED"));
      if (!isGone && !isRuntimeFailure(error)) throw error;
      // Somebody else may have found the next one already.
      if (this.#found === found) this.#found = undefined;
      return await this.#useNext(this.#found ?? (await this.#find(deadline)), use);
    }
  }

  async #useNext<T>(found: FoundContainer, use: (found: FoundContainer) => Promise<T>): Promise<T> {
    try {
      return await use(found);
    } catch (error) {
      throw isStopped(error) ? notRunning(this.#options, (await this.#look(undefined)).status) : error;
    }
  }

  /**
   * The container as the engine lists it, brought up when that is possible and there is none.
   * @param which.all also one that has stopped, when none runs
   * @param which.isDry brings nothing up
   */
  async require(
    which: { readonly all: boolean; readonly isDry?: boolean },
    signal: AbortSignal | undefined,
  ): Promise<ContainerSummary> {
    const found = await this.#look(signal);
    const use = ({ container, status }: Looked) => (which.all || isRunningState(status.state) ? container : undefined);
    const used = use(found);
    if (used !== undefined) return used;
    if (which.isDry === true) throw notRunning(this.#options, found.status);
    await this.#bringing.do(signal);
    const brought = await this.#look(signal);
    const ready = use(brought);
    if (ready === undefined) throw notRunning(this.#options, brought.status);
    return ready;
  }

  /** Whoever asks while the stack is brought up waits for that, even if the container runs by now. */
  async #find(deadline: Deadline): Promise<FoundContainer> {
    const { signal } = deadline;
    const found = this.#bringing.isRunning ? undefined : await this.#looking.do(signal);
    if (found !== undefined) return found;
    deadline.stop();
    await this.#bringing.do(signal);
    deadline.start();
    const brought = await this.#looking.do(signal);
    if (brought === undefined) throw notRunning(this.#options, (await this.#look(signal)).status);
    return brought;
  }

  async #bringUp(signal: AbortSignal): Promise<void> {
    const { bringUp } = this.#options;
    const { status } = await this.#look(signal);
    // It runs by now.
    if (isRunningState(status.state)) return;
    // Using a host neither resumes what was paused nor waits for what crashes.
    const isKept = status.state === "paused" || status.state === "restarting";
    if (bringUp === undefined || isKept) throw notRunning(this.#options, status);
    await bringUp(signal, status);
  }

  async #lookForRunning(signal: AbortSignal): Promise<FoundContainer | undefined> {
    const { project, service, replica } = this.#options;
    // What Compose calls it, unless the service has a name of its own: asked beside the list, it takes no further round trip.
    const name = `${project}-${service}-${replica}`;
    // Another container may have it, which need not answer.
    const asking = this.#hasShell(name, signal).catch(() => undefined);
    const [looked, hasNamedShell] = await Promise.all([this.#look(signal), asking]);
    const { container, status } = looked;
    if (container === undefined || !isRunningState(status.state)) return undefined;
    const isNamed = container.Names?.includes(`/${name}`) === true;
    const hasShell = (isNamed ? hasNamedShell : undefined) ?? (await this.#hasShell(container.Id, signal));
    this.#found = { container: container.Id, hasShell };
    return this.#found;
  }

  async #hasShell(container: string, signal: AbortSignal): Promise<boolean> {
    const { engine, id } = this.#options;
    return (await engine.statPath({ container, path: "/bin/sh", containerName: id }, signal)) !== undefined;
  }

  async #look(signal: AbortSignal | undefined): Promise<Looked> {
    const { engine, project, service, replica } = this.#options;
    const labels = [projectLabel(project), `com.docker.compose.service=${service}`];
    const containers = await engine.listContainers({ labels, all: true }, signal);
    const ours = containers.filter((candidate) => readServiceReplica(candidate.Labels)?.replica === replica);
    const container = ours.find(({ State }) => State === "running") ?? ours[0];
    return { container, status: readListedStatus(container) };
  }
}

function isRuntimeFailure(error: unknown): boolean {
  return isOttoError(error, "HOST_COMMAND_NOT_STARTED") && error.details?.isRuntime === true;
}

/** The words of Docker and of Podman. A container that has just stopped may still be listed as running. */
function isStopped(error: unknown): boolean {
  if (!isOttoError(error, "ENGINE_REQUEST_FAILED")) return false;
  const { reason } = error.details ?? {};
  return (
    typeof reason === "string" &&
    /is not running|is paused, unpause|is restarting, wait|container state improper/.test(reason)
  );
}

/**
 * The error of using a host whose container does not run.
 * @param status of what there is
 * @param up the command that brings its stack up. Default: `otto docker up`
 */
export function notRunning(
  { id, service }: Pick<ContainerHostOptions, "id" | "service">,
  status: ContainerStatus,
  up = "otto docker up",
): OttoError {
  const { message, hint } = describeStatus(service, status, up);
  const { state, exitCode } = status;
  const details = { host: id, state, ...(exitCode === undefined ? {} : { exitCode }) };
  return new OttoError("HOST_NOT_RUNNING", `${id}: ${message}`, { hint, details });
}

/** Each hint leads on: what it names does something about that state, or shows what was not seen yet. */
function describeStatus(service: string, status: ContainerStatus, up: string): { message: string; hint: string } {
  const container = `the container of the service ${service}`;
  const words = formatContainerStatus(status);
  const logs = `otto docker logs ${service}`;
  const { state } = status;
  if (state === "absent")
    return { message: `the service ${service} has no container`, hint: `Bring the stack up: ${up}` };
  if (state === "paused") return { message: `${container} is paused`, hint: `Have it go on: ${up}` };
  if (state === "restarting")
    return { message: `${container} does not stay up: it is ${words}`, hint: `See why it ends: ${logs}` };
  const hasRun = state === "exited" || state === "dead";
  const hint = hasRun ? `See what it wrote: ${logs}\nStart it again: ${up}` : `Start it: ${up}`;
  return { message: `${container} does not run: it is ${words}`, hint };
}
