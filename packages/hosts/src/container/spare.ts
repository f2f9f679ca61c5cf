import type { Engine } from "@otto/engine";
import { abortable, isWithin } from "@otto/errors";
import { spareCommand } from "./lifetime-scripts.js";
import { startWatched, type WatchedProcess } from "./watched-process.js";

/** How long one that waits may take to answer. It may be paused, or the link to it lost. */
const answerMs = 1000;

export interface SpareSetting {
  readonly engine: Engine;
  readonly container: string;
  /** The host's id, for messages. */
  readonly host: string;
  readonly user: string | undefined;
  /** Where commands start that name no other directory. */
  readonly workdir: string;
  /** Calls the start off. */
  readonly signal: AbortSignal;
}

/** A spare that knows its command, which begins at a further line on its stdin. */
export interface SetSpare extends WatchedProcess {
  /** Of the leader of the session in which the command will be. */
  readonly pid: string;
}

/** A process that waits in a container for one command, to run it as a fresh exec would. */
export class Spare {
  readonly #watched: WatchedProcess;
  readonly #pid: string;
  readonly #isSet: Promise<boolean>;

  /** Resolves when it waits; undefined: it has ended instead, or would take a session that others wait for. */
  static async start(setting: SpareSetting): Promise<Spare | undefined> {
    const { engine, container, host, user, workdir, signal } = setting;
    let tellSet: (isSet: boolean) => void = () => {};
    const isSet = new Promise<boolean>((resolve) => {
      tellSet = resolve;
    });
    const onLine = (line: string) => {
      if (line === "set") tellSet(true);
    };
    const options = { user, stdin: true, signal, containerName: host };
    const watched = await startWatched(
      (reportedExitCode) => engine.exec(container, spareCommand, { ...options, reportedExitCode }),
      { onLine },
    );
    const { process, report } = watched;
    void report.refusal.then(() => tellSet(false));
    process.holdOpen(false);
    process.stdin.write(`${workdir}\n`);
    try {
      const line = process.isScarce ? undefined : await abortable(report.first, signal);
      const [, pid] = /^ready (\d+)$/.exec(line ?? "") ?? [];
      if (pid !== undefined) return new Spare(watched, { pid, isSet });
    } catch (error) {
      process.disconnect();
      throw error;
    }
    process.disconnect();
    return undefined;
  }

  private constructor(
    watched: WatchedProcess,
    { pid, isSet }: { readonly pid: string; readonly isSet: Promise<boolean> },
  ) {
    this.#watched = watched;
    this.#pid = pid;
    this.#isSet = isSet;
  }

  /** Resolves when it has ended. */
  get ended(): Promise<unknown> {
    return this.#watched.report.refusal;
  }

  /**
   * Tells it its command; called once. The caller has the command begin, or disconnects.
   * @param request of `formatSpareRequest`
   * @returns undefined: the spare was not what a fresh exec would be any more. It is closed then, and the command has not
   * begun and never will
   * @throws the signal's reason
   */
  async set(request: string, signal: AbortSignal | undefined): Promise<SetSpare | undefined> {
    const { process, report } = this.#watched;
    process.holdOpen(true);
    process.stdin.write(request);
    try {
      const isAnswered = await abortable(isWithin(this.#isSet, answerMs), signal);
      if (isAnswered && (await this.#isSet)) return { process, report, pid: this.#pid };
    } catch (error) {
      this.close();
      throw error;
    }
    this.close();
    return undefined;
  }

  /** Ends it, and does not wait for that. */
  close(): void {
    this.#watched.process.disconnect();
  }
}
