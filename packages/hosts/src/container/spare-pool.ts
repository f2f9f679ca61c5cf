import type { Engine } from "@otto/engine";
import { abortable, isWithin, startTimer } from "@otto/errors";
import { formatSpareRequest, type SpareRequest } from "./lifetime-scripts.js";
import { type SetSpare, Spare } from "./spare.js";
import { idleMs } from "./watchdog-pool.js";

/** Who runs one command alone has closed its host by then. */
const firstDelayMs = 50;

/** How long a command waits for one that is being started. A paused container starts none. */
const openingMs = 2000;

/** So many times without success in a row, the spares of a container are not worth their start. */
const mostFailures = 3;

interface Entry {
  readonly opening: Promise<Spare | undefined>;
  /** Calls the opening off. */
  readonly starting: AbortController;
  /** Ends what has been idle for long. */
  timer?: NodeJS.Timeout;
}

/** The processes that wait in one container for the next command: one for each user, at most. */
export class SparePool {
  readonly #engine: Engine;
  readonly #container: string;
  /** The host's id, for messages. */
  readonly #host: string;
  readonly #entries = new Map<string | undefined, Entry>();
  #workdir: string | undefined;
  #first: NodeJS.Timeout | "none" | "over" = "none";
  #failures = 0;
  /** Of those who entered before it was closed, none starts a spare any more. */
  #closings = 0;

  constructor(engine: Engine, { container, host }: { readonly container: string; readonly host: string }) {
    this.#engine = engine;
    this.#container = container;
    this.#host = host;
  }

  /** A command begins. @returns is called when it has come to its end, and starts the spare of the next one */
  enter(user: string | undefined): () => void {
    const closings = this.#closings;
    return () => {
      if (closings === this.#closings) this.#prepare(user);
    };
  }

  /**
   * Tells the spare of `user` its command, which the caller then has begin.
   * @returns undefined: there is none for it
   * @throws the signal's reason
   */
  async set(
    request: SpareRequest,
    { user, signal }: { readonly user: string | undefined; readonly signal: AbortSignal | undefined },
  ): Promise<SetSpare | undefined> {
    const entry = this.#entries.get(user);
    const line = entry && formatSpareRequest(request);
    if (entry === undefined || line === undefined) return undefined;
    this.#forget(user, entry);
    const spare = await this.#awaitOpened(entry, signal);
    if (spare === undefined) return undefined;
    const set = await spare.set(line, signal);
    this.#failures = set === undefined ? this.#failures + 1 : 0;
    return set;
  }

  /** None is kept from now on. */
  forgo(): void {
    this.#failures = Number.POSITIVE_INFINITY;
  }

  /** Ends those that wait, and does not wait for that. */
  close(): void {
    this.#closings += 1;
    if (typeof this.#first === "object") {
      clearTimeout(this.#first);
      this.#first = "none";
    }
    for (const [user, entry] of this.#entries) this.#end(user, entry);
  }

  async #awaitOpened(entry: Entry, signal: AbortSignal | undefined): Promise<Spare | undefined> {
    try {
      if (await abortable(isWithin(entry.opening, openingMs), signal)) return await entry.opening;
    } catch (error) {
      this.#discard(entry);
      throw error;
    }
    this.#discard(entry);
    return undefined;
  }

  #prepare(user: string | undefined): void {
    if (this.#first === "over") this.#open(user);
    if (this.#first !== "none") return;
    this.#first = startTimer(() => {
      this.#first = "over";
      this.#open(user);
    }, firstDelayMs).unref();
  }

  #open(user: string | undefined): void {
    if (this.#entries.has(user) || this.#failures >= mostFailures) return;
    const starting = new AbortController();
    const opening = this.#start(user, starting.signal);
    const entry: Entry = { opening, starting };
    this.#entries.set(user, entry);
    void opening.then((spare) => this.#keep(user, entry, spare));
  }

  /** Whatever keeps one from being started is told by the command that does without. */
  async #start(user: string | undefined, signal: AbortSignal): Promise<Spare | undefined> {
    try {
      this.#workdir ??= await findWorkdir(this.#engine, this.#container, signal);
      if (this.#workdir === undefined) {
        this.forgo();
        return undefined;
      }
      const target = { engine: this.#engine, container: this.#container, host: this.#host };
      const spare = await Spare.start({ ...target, user, workdir: this.#workdir, signal });
      if (spare === undefined) this.#failures += 1;
      return spare;
    } catch {
      if (!signal.aborted) this.#failures += 1;
      return undefined;
    }
  }

  #keep(user: string | undefined, entry: Entry, spare: Spare | undefined): void {
    if (this.#entries.get(user) !== entry) return;
    if (spare === undefined) {
      this.#forget(user, entry);
      return;
    }
    void spare.ended.then(() => this.#forget(user, entry));
    entry.timer = startTimer(() => this.#end(user, entry), idleMs).unref();
  }

  #end(user: string | undefined, entry: Entry): void {
    this.#forget(user, entry);
    this.#discard(entry);
  }

  #discard({ starting, opening }: Entry): void {
    starting.abort();
    void opening.then((spare) => spare?.close());
  }

  #forget(user: string | undefined, entry: Entry): void {
    clearTimeout(entry.timer);
    if (this.#entries.get(user) === entry) this.#entries.delete(user);
  }
}

/** Where commands start that name no directory; undefined: a shell cannot set out from there as the runtime does. */
async function findWorkdir(engine: Engine, container: string, signal: AbortSignal): Promise<string | undefined> {
  const config = (await engine.inspectContainer(container, signal))?.Config;
  const workdir = config?.WorkingDir || "/";
  const isSet = config?.Env?.some((variable) => /^(OLD)?PWD=/.test(variable)) === true;
  return config === undefined || isSet || workdir.includes("\n") ? undefined : workdir;
}
