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
  /** What stays as it is when the container moves, beginning with the id of the parent that its stack is managed on. Default: `id`. */
  readonly key?: string | undefined;
  readonly service: string;
  /** The Compose project that the container belongs to. */
  readonly project: string;
  /** 1 for the first replica. */
  readonly replica: number;
  readonly engine: Engine;
  /** Where it runs, for faults and `forward`. Without: no faults, and `forward` by a program in the container alone. */
  readonly parent?: Pick<Parent, "id" | "dialTcp" | "spawn" | "docker"> | undefined;
  /**
   * Says where the container is now, for one that moves between machines: undefined: nowhere. Asked again when it is not
   * found there any more, and 5 s after the last answer. Default: it stays on `engine` and `parent`.
   */
  readonly locate?: ((signal: AbortSignal | undefined) => Promise<ContainerLocation | undefined>) | undefined;
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

/** The machine that a container is on. */
export interface ContainerLocation {
  /** The host's id as long as it is there. */
  readonly id: string;
  readonly parent: Pick<Parent, "id" | "dialTcp" | "spawn" | "docker" | "engine">;
  /** Labels that this container has, and no other: `key=value`. */
  readonly labels: readonly string[];
}

export type BringUp = (signal: AbortSignal, status: ContainerStatus) => Promise<void>;

/** A machine, and what is known of the container there. */
interface Site {
  readonly id: string;
  readonly engine: Engine;
  readonly parent: ContainerHostOptions["parent"];
  readonly labels: readonly string[];
  /** The container's name, as far as it can be guessed. */
  readonly name: string | undefined;
  readonly isOurs: (container: ContainerSummary) => boolean;
}

/** What was looked up. */
interface Looked {
  /** Undefined: the container is nowhere. */
  readonly site: Site | undefined;
  /** The one that runs, else any. */
  readonly container: ContainerSummary | undefined;
  readonly status: ContainerStatus;
}

/** A container as its engine lists it, and that engine. */
export interface RequiredContainer {
  readonly engine: Engine;
  readonly parent: ContainerHostOptions["parent"];
  readonly container: ContainerSummary;
}

/** A running container, and whether its image has `/bin/sh`. */
export interface FoundContainer {
  readonly engine: Engine;
  readonly container: string;
  readonly hasShell: boolean;
}

/** A container that moved may go on where it was, as when its machine lost the others: it is not used for longer. */
const locatedMs = 5000;

/** Finds the container that a host stands for, and again when it was replaced. Calls may be made concurrently. */
export class ContainerFinder {
  readonly #options: ContainerHostOptions;
  readonly #looking = new SingleFlight((signal) => this.#lookForRunning(signal));
  readonly #bringing = new SingleFlight((signal) => this.#bringUp(signal));
  #found: FoundContainer | undefined;
  #id: string;
  #locatedAt = Number.NEGATIVE_INFINITY;

  constructor(options: ContainerHostOptions) {
    this.#options = options;
    this.#id = options.id;
  }

  /** The host's id, of where its container was last. */
  get id(): string {
    return this.#id;
  }

  /**
   * Uses the container. When it turns out to be gone or stopped, or the runtime failed to start anything in it, it is looked
   * up and used once more.
   * @param deadline ends looking for it; while its stack is brought up it stands still, and begins anew after that
   * @throws OttoError `HOST_NOT_RUNNING`, what `bringUp` throws, and what `use` throws
   */
  async use<T>(deadline: Deadline, use: (found: FoundContainer) => Promise<T>): Promise<T> {
    if (this.#options.locate !== undefined && performance.now() - this.#locatedAt > locatedMs) this.#found = undefined;
    const isKnown = this.#found !== undefined;
    const found = this.#found ?? (await this.#find(deadline));
    try {
      return await use(found);
    } catch (error) {
      const isGone = isStopped(error) || (isKnown && isOttoError(error, "ENGINE_REQUEST_FAILED"));
      // Nothing has begun on a machine that there is no way to; what was lost on the way may have.
      const isCutOff = isKnown && this.#options.locate !== undefined && isOttoError(error, "SSH_CONNECT_FAILED");
      const mustLookAgain = isGone || isCutOff || isRuntimeFailure(error);
      // Somebody else may have found the next one already.
      if ((mustLookAgain || isLost(error)) && this.#found === found) this.#found = undefined;
      if (!mustLookAgain) throw error;
      return await this.#useNext(this.#found ?? (await this.#find(deadline)), use);
    }
  }

  async #useNext<T>(found: FoundContainer, use: (found: FoundContainer) => Promise<T>): Promise<T> {
    try {
      return await use(found);
    } catch (error) {
      throw isStopped(error) ? this.#notRunning((await this.#look(undefined)).status) : error;
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
  ): Promise<RequiredContainer> {
    const found = await this.#look(signal);
    const use = ({ site, container, status }: Looked): RequiredContainer | undefined => {
      if (site === undefined || container === undefined) return undefined;
      return which.all || isRunningState(status.state) ? { ...site, container } : undefined;
    };
    const used = use(found);
    if (used !== undefined) return used;
    if (which.isDry === true) throw this.#notRunning(found.status);
    await this.#bringing.do(signal);
    const brought = await this.#look(signal);
    const ready = use(brought);
    if (ready === undefined) throw this.#notRunning(brought.status);
    return ready;
  }

  /** Notes the id of where the container is by now, as somebody else has seen it. */
  noteId(id: string): void {
    if (this.isMoving) this.#id = id;
  }

  /** Whether the container may be on another machine later. */
  get isMoving(): boolean {
    return this.#options.locate !== undefined;
  }

  /** The engine that the container is on, or would be: for what asks by labels. */
  async locate(signal: AbortSignal | undefined): Promise<{ readonly engine: Engine } | undefined> {
    return this.#locate(signal);
  }

  #notRunning(status: ContainerStatus): OttoError {
    return notRunning({ id: this.#id, service: this.#options.service }, status);
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
    if (brought === undefined) throw this.#notRunning((await this.#look(signal)).status);
    return brought;
  }

  async #bringUp(signal: AbortSignal): Promise<void> {
    const { bringUp } = this.#options;
    const { status } = await this.#look(signal);
    // It runs by now.
    if (isRunningState(status.state)) return;
    // Using a host neither resumes what was paused nor waits for what crashes.
    const isKept = status.state === "paused" || status.state === "restarting";
    if (bringUp === undefined || isKept) throw this.#notRunning(status);
    await bringUp(signal, status);
  }

  async #lookForRunning(signal: AbortSignal): Promise<FoundContainer | undefined> {
    const site = await this.#locate(signal);
    if (site === undefined) return undefined;
    const { engine, name } = site;
    // Another container may have the name, which need not answer.
    const asking = name === undefined ? undefined : this.#hasShell(engine, name, signal).catch(() => undefined);
    const [looked, hasNamedShell] = await Promise.all([this.#lookAt(site, signal), asking]);
    const { container, status } = looked;
    if (container === undefined || !isRunningState(status.state)) return undefined;
    const isNamed = container.Names?.includes(`/${name}`) === true;
    const hasShell = (isNamed ? hasNamedShell : undefined) ?? (await this.#hasShell(engine, container.Id, signal));
    this.#found = { engine, container: container.Id, hasShell };
    return this.#found;
  }

  async #hasShell(engine: Engine, container: string, signal: AbortSignal): Promise<boolean> {
    return (await engine.statPath({ container, path: "/bin/sh", containerName: this.#id }, signal)) !== undefined;
  }

  async #locate(signal: AbortSignal | undefined): Promise<Site | undefined> {
    const { locate } = this.#options;
    if (locate === undefined) return this.#fixedSite();
    const located = await locate(signal);
    this.#locatedAt = performance.now();
    if (located === undefined) return undefined;
    const { id, parent, labels } = located;
    this.#id = id;
    return { id, engine: parent.engine, parent, labels, name: undefined, isOurs: () => true };
  }

  #fixedSite(): Site {
    const { id, engine, parent, project, service, replica } = this.#options;
    const labels = [projectLabel(project), `com.docker.compose.service=${service}`];
    // What Compose calls it, unless the service has a name of its own: asked beside the list, it takes no further round trip.
    const name = `${project}-${service}-${replica}`;
    const isOurs = ({ Labels }: ContainerSummary) => readServiceReplica(Labels)?.replica === replica;
    return { id, engine, parent, labels, name, isOurs };
  }

  async #look(signal: AbortSignal | undefined): Promise<Looked> {
    const site = await this.#locate(signal);
    return site === undefined
      ? { site, container: undefined, status: readListedStatus(undefined) }
      : this.#lookAt(site, signal);
  }

  async #lookAt(site: Site, signal: AbortSignal | undefined): Promise<Looked> {
    const containers = await site.engine.listContainers({ labels: site.labels, all: true }, signal);
    const ours = containers.filter(site.isOurs);
    const container = ours.find(({ State }) => State === "running") ?? ours[0];
    return { site, container, status: readListedStatus(container) };
  }
}

/** Whether the machine, or the way to it, is why; the container may be elsewhere by now. */
function isLost(error: unknown): boolean {
  return isOttoError(error) && /^(SSH_|ENGINE_UNREACHABLE$|ENGINE_STREAM_LOST$)/.test(error.code);
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
