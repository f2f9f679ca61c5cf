import type { ContainerProcess, Engine } from "@otto/engine";
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
  readonly #answers: Answers;

  /** Resolves when it waits; undefined: it has ended instead, or would take a session that others wait for. */
  static async start(setting: SpareSetting): Promise<Spare | undefined> {
    const { engine, container, host, user, workdir, signal } = setting;
    const answers = new Answers();
    const options = { user, stdin: true, signal, containerName: host };
    const watched = await startWatched(
      (reportedExitCode) => engine.exec(container, spareCommand, { ...options, reportedExitCode }),
      { onLine: (line) => answers.add(line) },
    );
    void watched.report.refusal.then(() => answers.end());
    const spare = new Spare(watched, answers);
    watched.process.stdin.write(`${workdir}\n`);
    try {
      if (!watched.process.isScarce && (await abortable(answers.has("ready"), signal))) return spare;
    } catch (error) {
      spare.close();
      throw error;
    }
    spare.close();
    return undefined;
  }

  private constructor(watched: WatchedProcess, answers: Answers) {
    this.#watched = watched;
    this.#answers = answers;
    this.#process.holdOpen(false);
  }

  get #process(): ContainerProcess {
    return this.#watched.process;
  }

  /** Resolves when it has ended. */
  get ended(): Promise<void> {
    return this.#answers.ended;
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
      if (await abortable(this.#answers.hasWithin("set", answerMs), signal))
        return { process, report, pid: this.#answers.get("ready") ?? "" };
    } catch (error) {
      this.close();
      throw error;
    }
    this.close();
    return undefined;
  }

  /** Ends it, and does not wait for that. */
  close(): void {
    this.#process.disconnect();
  }
}

type Answer = "ready" | "set";

/** What a spare says of itself: lines of a word, and what belongs to it. Others are not its own. */
class Answers {
  readonly #words = new Map<Answer, string>();
  readonly ended: Promise<void>;
  #wake: (() => void) | undefined;
  #end: () => void = () => {};
  #isEnded = false;

  constructor() {
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  get(word: Answer): string | undefined {
    return this.#words.get(word);
  }

  add(line: string): void {
    const [word = "", rest = ""] = line.split(" ");
    if (word !== "ready" && word !== "set") return;
    this.#words.set(word, rest);
    this.#wake?.();
  }

  end(): void {
    this.#isEnded = true;
    this.#end();
    this.#wake?.();
  }

  /** Whether the word came, which is waited for until the end. */
  async has(word: Answer): Promise<boolean> {
    while (!this.#words.has(word) && !this.#isEnded) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#words.has(word);
  }

  async hasWithin(word: Answer, timeoutMs: number): Promise<boolean> {
    const answer = this.has(word);
    return (await isWithin(answer, timeoutMs)) && (await answer);
  }
}
