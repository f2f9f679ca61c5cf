import { startTimer } from "@otto/errors";
import type { Connection } from "../ssh2/connection.js";
import type { Lifetime, SlotHolder } from "./decide.js";

/** What a session is wanted for. */
export interface SlotRequest {
  readonly lifetime: Lifetime;
  /** Gives the session up when it is idle and others wait; says whether it was. */
  readonly reclaim?: (() => boolean) | undefined;
}

/** The right to open one session channel on a connection. Exactly one of `refuse` and `release` ends it. */
export interface Slot {
  readonly connection: Connection;
  /** The server opened the channel. */
  confirm(): void;
  /** The server refused the channel: its limit is reached. */
  refuse(): void;
  release(): void;
}

interface LiveSlot {
  lifetime: Lifetime;
  readonly startedAt: number;
  readonly reclaim: (() => boolean) | undefined;
  isOpen: boolean;
}

export interface SlotsSetting {
  readonly connection: Connection;
  /** What is known of the server's limit when the connection is new. */
  readonly limit: number;
  /** A session was opened. */
  readonly onOpen: () => void;
  /** A place may have become free. */
  readonly onChange: () => void;
  /** The server was seen to open no more sessions than `limit`. */
  readonly onLimit: (limit: number) => void;
}

/** After a close, sshd counts the session until its next turn: a refusal this soon after says nothing of the limit. */
const settleMs = 50;
/** … so on a full connection, who waits is let in this much later: a refusal would cost a round trip. */
const turnMs = 4;
/** A connection that refused its only session so many times opens none. */
const maxStrikes = 6;

/** The sessions of one connection, and what the server was seen to allow. */
export class SessionSlots {
  readonly connection: Connection;
  readonly #setting: SlotsSetting;
  readonly #live = new Set<LiveSlot>();
  #limit: number;
  #releasedAt = Number.NEGATIVE_INFINITY;
  #strikes = 0;
  #isBlocked = false;
  #openMs = 0;

  constructor(setting: SlotsSetting) {
    this.connection = setting.connection;
    this.#setting = setting;
    this.#limit = setting.limit;
  }

  /** For the plan. */
  get holder(): SlotHolder {
    const count = (lifetime: Lifetime) => [...this.#live].filter((slot) => slot.lifetime === lifetime).length;
    const limit = this.#isBlocked ? 0 : this.#limit;
    const yielding = [...this.#live].filter((slot) => slot.lifetime === "long" && slot.reclaim !== undefined).length;
    return { limit, short: count("short"), long: count("long"), urgent: count("urgent"), yielding };
  }

  /** Whether it waits before it asks the server again. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  get isIdle(): boolean {
    return this.#live.size === 0;
  }

  /** Whether the server has yet to answer for a session. */
  get isOpening(): boolean {
    return [...this.#live].some(({ isOpen }) => !isOpen);
  }

  /** Whether the server refused sessions on this connection though it held none. */
  get isUseless(): boolean {
    return this.#limit === 0;
  }

  /** How long the last session took to open. */
  get openMs(): number {
    return this.#openMs;
  }

  take({ lifetime, reclaim }: SlotRequest): Slot {
    const slot: LiveSlot = { lifetime, startedAt: performance.now(), reclaim, isOpen: false };
    this.#live.add(slot);
    return {
      connection: this.connection,
      confirm: () => {
        slot.isOpen = true;
        this.#strikes = 0;
        this.#openMs = performance.now() - slot.startedAt;
        this.#setting.onOpen();
      },
      refuse: () => {
        this.#learn(slot);
        this.#live.delete(slot);
        this.#setting.onChange();
      },
      release: () => {
        this.#releasedAt = performance.now();
        const leave = () => {
          this.#live.delete(slot);
          this.#setting.onChange();
        };
        if (this.#live.size < this.#limit) leave();
        else startTimer(leave, turnMs);
      },
    };
  }

  /** Gives up one idle session; false when there is none. */
  reclaim(): boolean {
    const idle = [...this.#live].find((slot) => slot.reclaim?.() === true);
    // Until the server has closed it, it still holds its place.
    if (idle !== undefined) idle.lifetime = "short";
    return idle !== undefined;
  }

  // The server answers in the order it was asked: what was asked before and is not refused by now is open.
  #learn(refused: LiveSlot): void {
    const before = [...this.#live].indexOf(refused);
    const isSettled = refused.startedAt - this.#releasedAt > settleMs;
    if (before > 0 && isSettled) {
      this.#limit = before;
      this.#setting.onLimit(before);
      return;
    }
    // What was asked in one go is refused in one go, and counts once.
    if (this.#isBlocked) return;
    this.#strikes += 1;
    if (this.#strikes > maxStrikes) {
      this.#limit = before;
      return;
    }
    this.#isBlocked = true;
    startTimer(
      () => {
        this.#isBlocked = false;
        this.#setting.onChange();
      },
      10 * 2 ** this.#strikes,
    );
  }
}
