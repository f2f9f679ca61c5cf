import { createInterface } from "node:readline";
import type { ContainerProcess } from "@otto/engine";
import { isWithin, OttoError } from "@otto/errors";
import { watchdogCommand } from "./lifetime-scripts.js";

/** How long ending what is watched may take, before a closed watchdog is left to itself. */
const closeGraceMs = 3000;

/**
 * A shell in a container that ends the commands it watches when our connection to it goes, and signals them while it
 * lasts. Commands are named by the process id that leads their session.
 */
export class Watchdog {
  readonly #process: ContainerProcess;
  readonly #watched = new Set<string>();
  readonly #waiting = new Map<string, () => void>();
  readonly #ended: Promise<void>;
  #isOpen = true;

  /** @param start runs argv with a stdin in the container */
  static async open(start: (argv: readonly string[]) => Promise<ContainerProcess>): Promise<Watchdog> {
    return new Watchdog(await start(watchdogCommand));
  }

  private constructor(process: ContainerProcess) {
    this.#process = process;
    process.stderr.on("error", () => {}).resume();
    const lines = createInterface({ input: process.stdout });
    process.stdout.on("error", () => lines.close());
    // It repeats the stream's errors, also once it is closed.
    lines.on("error", () => {});
    lines.on("line", (pid) => this.#waiting.get(pid)?.());
    this.#ended = process.exit
      .then(
        () => {},
        () => {},
      )
      .then(() => {
        this.#isOpen = false;
        for (const wake of this.#waiting.values()) wake();
      });
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether nothing is watched. */
  get isIdle(): boolean {
    return this.#watched.size === 0 && this.#waiting.size === 0;
  }

  /**
   * Resolves when the command is watched.
   * @throws OttoError `HOST_LIFELINE_LOST`
   */
  async watch(pid: string): Promise<void> {
    this.#watched.add(pid);
    await new Promise<void>((resolve) => {
      this.#waiting.set(pid, resolve);
      this.#tell(`watch ${pid}`);
      if (!this.#isOpen) resolve();
    });
    this.#waiting.delete(pid);
    if (this.#isOpen) return;
    throw new OttoError("HOST_LIFELINE_LOST", "the process that ends commands with our connection is gone");
  }

  /** The command has ended by itself. */
  forget(pid: string): void {
    if (this.#watched.delete(pid)) this.#tell(`forget ${pid}`);
  }

  /** Signals a command and its children. */
  signal(pid: string, signal: NodeJS.Signals): void {
    this.#tell(`signal ${pid} ${signal.replace(/^SIG/, "")}`);
  }

  /** Ends a command and its children: SIGTERM, SIGKILL a second later. */
  end(pid: string): void {
    if (this.#watched.delete(pid)) this.#tell(`end ${pid}`);
  }

  /** Ends all that is watched, and waits until it is gone. */
  async close(): Promise<void> {
    this.#process.stdin.end();
    await isWithin(this.#ended, closeGraceMs);
    this.#process.disconnect();
  }

  #tell(line: string): void {
    if (this.#isOpen) this.#process.stdin.write(`${line}\n`);
  }
}
