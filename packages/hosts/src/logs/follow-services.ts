import { PassThrough } from "node:stream";
import { anySignal, toError } from "@otto/errors";
import { projectLabel } from "../compose/compose-labels.js";
import { ContainerLog, type LogReading } from "./container-log.js";
import type { LogLine } from "./log-line.js";
import { createRetryPolicy } from "./retry-policy.js";
import { isSelected, type LogSelection, listProjectContainers, type ServiceContainer } from "./service-containers.js";

/** A container's log that is being read. */
export interface OpenLog {
  readonly container: ServiceContainer;
  readonly log: ContainerLog;
}

interface FollowedLine {
  readonly container: ServiceContainer;
  readonly line: LogLine;
}

/** So many lines are held for a reader that is slower than the containers; then the containers' logs wait. */
const heldLines = 256;

/**
 * What comes from now on in the logs of the selected containers, those that are made meanwhile too. Ends when the project
 * has no container left, of any service and running or not: then it was taken down.
 */
export async function* followServices(
  reading: LogReading,
  selection: LogSelection,
  logs: readonly OpenLog[],
): AsyncGenerator<FollowedLine> {
  const following = new Following(reading, selection);
  for (const { container, log } of logs) following.add(container, log);
  try {
    yield* following.lines();
  } finally {
    await following.end();
  }
}

class Following {
  readonly #reading: LogReading;
  readonly #selection: LogSelection;
  readonly #lines = new PassThrough({ objectMode: true, highWaterMark: heldLines });
  readonly #known = new Set<string>();
  readonly #watching: Promise<void>;
  readonly #follows: Promise<void>[] = [];
  readonly #leaving = new AbortController();
  #wake: (() => void)[] = [];

  constructor(reading: LogReading, selection: LogSelection) {
    this.#reading = { ...reading, signal: anySignal(reading.signal, this.#leaving.signal) };
    this.#selection = selection;
    this.#lines.setMaxListeners(0);
    // Before somebody reads, an error must not be nobody's.
    this.#lines.on("error", () => {});
    const { signal } = this.#reading;
    signal.addEventListener("abort", () => this.#lines.destroy(toError(signal.reason)), { once: true });
    this.#watching = this.#guard(this.#watch());
  }

  lines(): AsyncIterable<FollowedLine> {
    return this.#lines as AsyncIterable<FollowedLine>;
  }

  /** @param log as far as it has been read; undefined: not at all */
  add(container: ServiceContainer, log = new ContainerLog(container.id)): void {
    this.#known.add(container.id);
    this.#follows.push(this.#guard(this.#follow(container, log)));
  }

  async end(): Promise<void> {
    this.#leaving.abort();
    this.#notify();
    await Promise.all([this.#watching, ...this.#follows]);
  }

  /** What ends it by an error ends the lines with that error. */
  #guard(task: Promise<void>): Promise<void> {
    return task.catch((error: unknown) => void this.#lines.destroy(toError(error)));
  }

  async #follow(container: ServiceContainer, log: ContainerLog): Promise<void> {
    do {
      for await (const lines of log.follow(this.#reading)) {
        for (const line of lines) await this.#pass({ container, line });
      }
    } while (await this.#runsAgain(container));
  }

  async #pass(line: FollowedLine): Promise<void> {
    if (this.#lines.destroyed || this.#lines.write(line)) return;
    await new Promise<void>((resolve) => {
      const settle = () => {
        this.#lines.off("drain", settle).off("close", settle);
        resolve();
      };
      this.#lines.on("drain", settle).on("close", settle);
    });
  }

  /** Waits until a container that has stopped is started again; false: it is gone. */
  async #runsAgain({ id }: ServiceContainer): Promise<boolean> {
    const { engine, signal, patienceMs } = this.#reading;
    const retry = createRetryPolicy(patienceMs, signal);
    for (;;) {
      const turned = new Promise<void>((resolve) => this.#wake.push(resolve));
      const details = await retry.run(() => engine.inspectContainer(id, signal));
      if (details === undefined) return false;
      if (details.State.Running) return true;
      await turned;
      signal.throwIfAborted();
    }
  }

  /** Finds new containers, and tells those who wait that something has happened, until the project is down. */
  async #watch(): Promise<void> {
    const { engine, signal, patienceMs } = this.#reading;
    const retry = createRetryPolicy(patienceMs, signal);
    for (;;) {
      try {
        const { project, stackEngine } = this.#selection;
        const events = await engine.watchContainers([projectLabel(project, stackEngine)], signal);
        if (await this.#look()) return await this.#finish();
        retry.reset();
        for await (const _ of events) if (await this.#look()) return await this.#finish();
      } catch (error) {
        await retry.delay(error);
      }
    }
  }

  /** @returns whether there is nothing to look at any more */
  async #look(): Promise<boolean> {
    const { engine, signal } = this.#reading;
    const containers = await listProjectContainers(engine, this.#selection, signal);
    for (const container of containers) {
      if (isSelected(container, this.#selection) && !this.#known.has(container.id)) this.add(container);
    }
    this.#notify();
    return containers.length === 0;
  }

  /** Their last lines may still be on the way. */
  async #finish(): Promise<void> {
    await Promise.all(this.#follows);
    this.#lines.end();
  }

  #notify(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }
}
