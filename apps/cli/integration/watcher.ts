import type { Place } from "./otto-process.js";
import { Screen } from "./screen.js";
import { TestTerminal } from "./terminal.js";

/** Runs `otto` on a terminal of this size and reads the screen. */
export class Watcher implements AsyncDisposable {
  /** Each screen that was another than the one before. */
  readonly frames: string[] = [];
  /** How long one stood at most. */
  longestMs = 0;
  /** How many lines were too long for the terminal, at most. */
  wrapped = 0;
  /** All bytes, as latin1. */
  shown = "";
  readonly terminal: TestTerminal;
  readonly screen: Screen;
  #changedAt = performance.now();
  #looking = Promise.resolve();

  static async open(
    place: Place,
    argv: readonly string[],
    size: { readonly columns: number; readonly rows: number },
  ): Promise<Watcher> {
    return new Watcher(await TestTerminal.open(place, argv, size), new Screen(size));
  }

  private constructor(terminal: TestTerminal, screen: Screen) {
    this.terminal = terminal;
    this.screen = screen;
    terminal.follow((shown) => {
      this.shown += shown;
      this.#looking = this.#looking.then(() => this.#look(shown));
    });
  }

  async #look(shown: string): Promise<void> {
    await this.screen.write(shown);
    const frame = this.screen.lines.join("\n");
    if (frame === this.frames.at(-1)) return;
    const now = performance.now();
    if (this.frames.length > 0) this.longestMs = Math.max(this.longestMs, now - this.#changedAt);
    this.#changedAt = now;
    this.wrapped = Math.max(this.wrapped, this.screen.wrapped);
    this.frames.push(frame);
  }

  /** Another size: nothing that `otto` wrote for the old one is read at the new one. */
  async resize({ columns, rows }: { columns: number; rows: number }): Promise<void> {
    await this.terminal.whileStopped(async () => {
      await this.#looking;
      this.screen.resize(columns, rows);
      await this.terminal.resize(columns, rows);
    });
  }

  /** Waits for the end. */
  async finished() {
    const end = await this.terminal.finished();
    await this.#looking;
    return { ...end, last: this.screen.lines, all: this.frames.join("\n") };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.terminal[Symbol.asyncDispose]();
  }
}
