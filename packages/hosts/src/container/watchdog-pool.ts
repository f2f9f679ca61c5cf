import type { Engine } from "@otto/engine";
import { abortable, startTimer } from "@otto/errors";
import { Watchdog } from "./watchdog.js";

/** What is idle is closed after this: it holds a connection, and a process in the container. */
export const idleMs = 10_000;

interface Entry {
  readonly opening: Promise<Watchdog>;
  /** Calls the opening off. */
  readonly starting: AbortController;
  watchdog?: Watchdog;
  holders: number;
  timer?: NodeJS.Timeout;
}

/** A watchdog that stays open until it is released. */
export interface HeldWatchdog {
  readonly watchdog: Watchdog;
  /** Called once. */
  release(): void;
}

/** The watchdogs of one container: one for each user, since users may signal only their own processes. */
export class WatchdogPool {
  readonly #engine: Engine;
  readonly #container: string;
  /** The host's id, for messages. */
  readonly #host: string;
  readonly #entries = new Map<string | undefined, Entry>();

  constructor(engine: Engine, { container, host }: { readonly container: string; readonly host: string }) {
    this.#engine = engine;
    this.#container = container;
    this.#host = host;
  }

  /** The watchdog for commands of `user`. It is opened when there is none, and closed some time after its last use. */
  async hold(user: string | undefined, signal: AbortSignal | undefined): Promise<HeldWatchdog> {
    const entry = this.#find(user) ?? this.#open(user);
    clearTimeout(entry.timer);
    entry.holders += 1;
    const release = () => this.#release(user, entry);
    try {
      return { watchdog: await abortable(entry.opening, signal), release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Ends everything that is watched. */
  async close(): Promise<void> {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    for (const { timer, starting } of entries) {
      clearTimeout(timer);
      starting.abort();
    }
    await Promise.allSettled(entries.map(async ({ opening }) => (await opening).close()));
  }

  #find(user: string | undefined): Entry | undefined {
    const entry = this.#entries.get(user);
    return entry?.watchdog?.isOpen === false ? undefined : entry;
  }

  #open(user: string | undefined): Entry {
    const starting = new AbortController();
    const options = { user, stdin: true, signal: starting.signal, containerName: this.#host };
    const opening = Watchdog.open((argv) => this.#engine.exec(this.#container, argv, options));
    const entry: Entry = { opening, starting, holders: 0 };
    this.#entries.set(user, entry);
    opening.then(
      (watchdog) => {
        entry.watchdog = watchdog;
      },
      () => this.#forget(user, entry),
    );
    return entry;
  }

  #release(user: string | undefined, entry: Entry): void {
    entry.holders -= 1;
    if (entry.holders > 0) return;
    entry.timer = startTimer(() => {
      this.#forget(user, entry);
      entry.opening.then(
        (watchdog) => watchdog.close(),
        () => {},
      );
    }, idleMs);
    entry.timer.unref();
  }

  #forget(user: string | undefined, entry: Entry): void {
    if (this.#entries.get(user) === entry) this.#entries.delete(user);
  }
}
