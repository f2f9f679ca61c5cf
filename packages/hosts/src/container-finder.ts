import type { ContainerSummary, Engine } from "@otto/engine";
import { isOttoError } from "@otto/errors";
import { projectLabel, readServicePlace } from "./compose-labels.js";
import { notRunning } from "./not-running.js";
import type { Parent } from "./parent.js";
import { SharedWork } from "./shared-work.js";

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
  readonly #finding = new SharedWork((signal) => this.#find(signal));
  #found: FoundContainer | undefined;

  constructor(options: ContainerHostOptions) {
    this.#options = options;
  }

  /**
   * Uses the container. When it turns out to be gone, or the runtime failed to start anything in it, it is looked up and
   * used once more.
   * @throws OttoError `HOST_NOT_RUNNING`, what `bringUp` throws, and what `use` throws
   */
  async use<T>(signal: AbortSignal | undefined, use: (found: FoundContainer) => Promise<T>): Promise<T> {
    const isKnown = this.#found !== undefined;
    const found = this.#found ?? (await this.#finding.join(signal));
    try {
      return await use(found);
    } catch (error) {
      if (!((isKnown && isOttoError(error, "ENGINE_REQUEST_FAILED")) || isRuntimeFailure(error))) throw error;
      // Somebody else may have found the next one already.
      if (this.#found === found) this.#found = undefined;
      return await use(this.#found ?? (await this.#finding.join(signal)));
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
    const { id, service } = this.#options;
    const bringUp = which.isDry === true ? undefined : this.#options.bringUp;
    const found = await this.#look(which, signal);
    if (found !== undefined) return found;
    await bringUp?.(signal ?? new AbortController().signal);
    const brought = bringUp === undefined ? undefined : await this.#look(which, signal);
    if (brought === undefined) throw notRunning(id, service);
    return brought;
  }

  async #find(signal: AbortSignal): Promise<FoundContainer> {
    const { Id: container } = await this.require({ all: false }, signal);
    const hasShell = await this.#options.engine.hasPath({ container, path: "/bin/sh" }, signal);
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
    const ours = containers.filter((candidate) => readServicePlace(candidate.Labels)?.replica === replica);
    return ours.find(({ State }) => State === "running") ?? ours[0];
  }
}

function isRuntimeFailure(error: unknown): boolean {
  return isOttoError(error, "HOST_COMMAND_NOT_STARTED") && error.details?.isRuntime === true;
}
