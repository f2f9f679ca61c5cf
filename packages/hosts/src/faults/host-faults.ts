import { OttoError, quoteCommand } from "@otto/errors";
import type { Parent } from "../parent/parent.js";
import { type Fault, openFault } from "./fault.js";
import { checkSeconds, type HostFault, planHostFault, runAgainScript } from "./fault-script.js";

/** A container, and the machine that it is on. */
interface FaultTarget {
  readonly parent: Pick<Parent, "id" | "spawn" | "docker"> | undefined;
  readonly container: { readonly Id: string };
}

export interface FaultHost {
  readonly id: string;
  /** Whether its container is moved by others, which replace one that does not run. */
  readonly isMoving: boolean;
  /** The container. @param which.all also one that has stopped @throws OttoError `HOST_NOT_RUNNING` */
  readonly require: (which: { readonly all: boolean }, signal: AbortSignal | undefined) => Promise<FaultTarget>;
}

/** What was done to a host on purpose, and is not taken back yet. */
export class HostFaults {
  readonly #host: FaultHost;
  #open: Fault[] = [];

  constructor(host: FaultHost) {
    this.#host = host;
  }

  async add(fault: HostFault, signal: AbortSignal | undefined): Promise<void> {
    const { parent, docker, container } = await this.#find({ all: false }, signal);
    const plan = planHostFault(docker, container.Id, fault);
    this.#open.push(await openFault(parent, { ...plan, doing: `${fault.do} ${this.#host.id}` }, signal));
  }

  /** Takes back all, the last one first. @throws OttoError `HOST_FAULT_LEFT` of the first that could not be */
  async undo(): Promise<void> {
    const open = this.#open.toReversed();
    this.#open = [];
    const failures: unknown[] = [];
    for (const fault of open) await fault.undo().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }

  /** Has the container run, whoever stopped it. */
  async runAgain(signal: AbortSignal | undefined): Promise<void> {
    await this.undo();
    await this.#runOnce("start", (docker, id) => runAgainScript(docker, id), signal);
  }

  async restart(stopTimeout: number | undefined, signal: AbortSignal | undefined): Promise<void> {
    await this.undo();
    const grace = stopTimeout === undefined ? "" : `--time=${checkSeconds(stopTimeout)}`;
    await this.#runOnce("restart", (docker, id) => `${docker} restart ${grace} ${id}`, signal);
  }

  async #runOnce(
    verb: string,
    actOn: (docker: string, container: string) => string,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { parent, docker, container } = await this.#find({ all: true }, signal);
    const plan = { act: actOn(docker, container.Id), undo: ":", doing: `${verb} ${this.#host.id}` };
    await (await openFault(parent, plan, signal)).undo();
  }

  async #find(which: { readonly all: boolean }, signal: AbortSignal | undefined) {
    const { id, isMoving } = this.#host;
    if (isMoving)
      throw new OttoError("HOST_FAULT_FAILED", `${id}: a swarm replaces a task that is stopped`, {
        hint: "Scale the service down: otto docker up --scale SERVICE=0",
        details: { host: id },
      });
    const { parent, container } = await this.#host.require(which, signal);
    if (parent === undefined) throw new TypeError(`${id}: a host without its parent cannot be stopped`);
    return { parent, container, docker: quoteCommand(parent.docker.command) };
  }
}
