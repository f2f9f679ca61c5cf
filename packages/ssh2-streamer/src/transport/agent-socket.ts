import { Duplex } from "node:stream";

/**
 * A stream with the methods that http.Agent calls on sockets. An agent parks an idle socket by `unref` and takes it
 * back by `ref`; `onParked` tells, so that a scarce one can be given to who waits.
 */
export class AgentSocket extends Duplex {
  #isParked = false;
  onParked: (() => void) | undefined;

  /** Whether an agent holds it idle. */
  get isParked(): boolean {
    return this.#isParked;
  }

  /** Whether somebody may wait for what it holds. */
  get isScarce(): boolean {
    return this.onParked !== undefined;
  }

  ref(): this {
    this.#isParked = false;
    return this;
  }

  unref(): this {
    this.#isParked = true;
    this.onParked?.();
    return this;
  }

  destroySoon(): void {
    if (this.writableFinished) this.destroy();
    else this.once("finish", () => this.destroy()).end();
  }

  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }
}
