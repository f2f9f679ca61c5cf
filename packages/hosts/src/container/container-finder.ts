import type { ContainerSummary, Engine } from "@otto/engine";
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
  /** Called when no container runs, to have one; what it throws is the error then. Default: there is none. */
  readonly bringUp?: ((signal: AbortSignal) => Promise<void>) | undefined;
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
      throw isStopped(error) ? this.#notRunning() : error;
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
    const found = await this.#look(which, signal);
    if (found !== undefined) return found;
    if (which.isDry === true) throw this.#notRunning();
    await this.#bringing.do(signal);
    const brought = await this.#look(which, signal);
    if (brought === undefined) throw this.#notRunning();
    return brought;
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
    if (brought === undefined) throw this.#notRunning();
    return brought;
  }

  async #bringUp(signal: AbortSignal): Promise<void> {
    const { bringUp } = this.#options;
    if (bringUp === undefined) throw this.#notRunning();
    await bringUp(signal);
  }

  #notRunning(): OttoError {
    return notRunning(this.#options.id, this.#options.service);
  }

  async #lookForRunning(signal: AbortSignal): Promise<FoundContainer | undefined> {
    const container = (await this.#look({ all: false }, signal))?.Id;
    if (container === undefined) return undefined;
    const { engine, id } = this.#options;
    const shell = await engine.statPath({ container, path: "/bin/sh", containerName: id }, signal);
    const hasShell = shell !== undefined;
    this.#found = { container, hasShell };
    return this.#found;
  }

  async #look(
    { all }: { readonly all: boolean },
    signal: AbortSignal | undefined,
  ): Promise<ContainerSummary | undefined> {
    const { engine, project, service, replica } = this.#options;
    const labels = [projectLabel(project), `com.docker.compose.service=${service}`];
    const containers = await engine.listContainers({ labels, all }, signal);
    const ours = containers.filter((candidate) => readServiceReplica(candidate.Labels)?.replica === replica);
    return ours.find(({ State }) => State === "running") ?? ours[0];
  }
}

function isRuntimeFailure(error: unknown): boolean {
  return isOttoError(error, "HOST_COMMAND_NOT_STARTED") && error.details?.isRuntime === true;
}

/** The words of Docker and of Podman. A container that has just stopped may still be listed as running. */
function isStopped(error: unknown): boolean {
  if (!isOttoError(error, "ENGINE_REQUEST_FAILED")) return false;
  const { reason } = error.details ?? {};
  return typeof reason === "string" && /is not running|container state improper/.test(reason);
}

/** There is no container to work with. */
export function notRunning(host: string, service: string): OttoError {
  return new OttoError("HOST_NOT_RUNNING", `${host}: no container of the service ${service} runs`, {
    hint: "Bring the stack up: otto docker up",
    details: { host },
  });
}
