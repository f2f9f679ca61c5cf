import { startTimer } from "@otto/errors";
import type { Connection } from "../transport/transport.js";
import type { ConnectionLoad, Lifetime, SessionRequest } from "./decide.js";

/** A session that passes from one user to the next. */
export interface LendableSession {
  /** Whether it waits for its user to go on. */
  readonly isIdle: boolean;
  /** Takes it from its user. */
  free(): void;
  close(): void;
}

/** The right to open one session on a connection. Exactly one of `refuse` and `release` ends it. */
export interface Slot<T extends LendableSession> {
  readonly connection: Connection;
  /** Whether the server has opened other sessions of the connection, or may still count one that has just ended. */
  readonly hasOthers: boolean;
  /** The server opened the session. */
  confirm(): void;
  /** The server refused the session: its limit is reached. */
  refuse(): void;
  release(): void;
  /** Says what is in the session, when it was asked for with a `lendKey`. */
  offer(session: T): void;
}

interface LiveSlot<T> {
  lifetime: Lifetime;
  readonly lendKey: string | undefined;
  readonly startedAt: number;
  session: T | undefined;
  isOpen: boolean;
}

export interface SlotsSetting {
  readonly connection: Connection;
  /** What is known of the server's limit when the connection is new. */
  readonly limit: number;
  /** A session was opened. */
  readonly onOpen: () => void;
  /** A slot may have become free. */
  readonly onChange: () => void;
  /** The server was seen to open no more sessions than `limit`. */
  readonly onLimit: (limit: number) => void;
}

/** After a close, sshd counts the session until its next turn: a refusal this soon after says nothing of the limit. */
const settleMs = 50;
/** … so on a full connection, the next waiter is let in this much later: a refusal would cost a round trip. */
const turnMs = 4;
/** A connection that refused its only session so many times opens none. */
const maxConsecutiveRefusals = 6;

/** The sessions of one connection, and what the server was seen to allow. */
export class ConnectionSlots<T extends LendableSession> {
  readonly connection: Connection;
  readonly #setting: SlotsSetting;
  readonly #live = new Set<LiveSlot<T>>();
  #limit: number;
  #releasedAt = Number.NEGATIVE_INFINITY;
  /** As {@link #releasedAt}, of a session that was open. */
  #endedAt = Number.NEGATIVE_INFINITY;
  #consecutiveRefusals = 0;
  #isPaused = false;
  #openMs = 0;

  constructor(setting: SlotsSetting) {
    this.connection = setting.connection;
    this.#setting = setting;
    this.#limit = setting.limit;
  }

  get load(): ConnectionLoad {
    const live = [...this.#live];
    const count = (lifetime: Lifetime) => live.filter((slot) => slot.lifetime === lifetime).length;
    return {
      limit: this.#limit,
      short: count("short"),
      long: count("long"),
      urgent: count("urgent"),
      lendable: live.filter(({ lifetime, lendKey }) => lifetime === "long" && lendKey !== undefined).length,
      idle: this.#idle.map(({ lendKey = "" }) => lendKey),
      isPaused: this.#isPaused,
    };
  }

  get isEmpty(): boolean {
    return this.#live.size === 0;
  }

  /** Whether the server has yet to answer for a session. */
  get isOpening(): boolean {
    return [...this.#live].some(({ isOpen }) => !isOpen);
  }

  /** How long the last session took to open. */
  get openMs(): number {
    return this.#openMs;
  }

  take({ lifetime, lendKey }: SessionRequest): Slot<T> {
    const slot: LiveSlot<T> = { lifetime, lendKey, startedAt: performance.now(), session: undefined, isOpen: false };
    this.#live.add(slot);
    const hasOthers = () =>
      [...this.#live].some((other) => other !== slot && other.isOpen) || !isSettled(slot, this.#endedAt);
    return {
      connection: this.connection,
      get hasOthers() {
        return hasOthers();
      },
      confirm: () => {
        slot.isOpen = true;
        this.#consecutiveRefusals = 0;
        this.#openMs = performance.now() - slot.startedAt;
        this.#setting.onOpen();
      },
      refuse: () => {
        this.#learn(slot);
        this.#leave(slot);
      },
      release: () => {
        this.#releasedAt = performance.now();
        if (slot.isOpen) this.#endedAt = this.#releasedAt;
        if (this.#live.size < this.#limit) this.#leave(slot);
        else startTimer(() => this.#leave(slot), turnMs);
      },
      offer: (session) => {
        slot.session = session;
      },
    };
  }

  /** Takes an idle session from its user, by its index in {@link ConnectionLoad.idle}. */
  lend(idle: number): T | undefined {
    const session = this.#idle[idle]?.session;
    session?.free();
    return session;
  }

  /** Closes the first idle session. */
  endIdle(): void {
    const [slot] = this.#idle;
    if (slot === undefined) return;
    slot.session?.free();
    slot.session?.close();
    // Until the server has closed it, it still holds its slot.
    slot.lifetime = "short";
  }

  get #idle(): LiveSlot<T>[] {
    return [...this.#live].filter(({ session }) => session?.isIdle === true);
  }

  #leave(slot: LiveSlot<T>): void {
    this.#live.delete(slot);
    this.#setting.onChange();
  }

  // The server answers in the order it was asked: what was asked before and is not refused by now is open.
  #learn(refused: LiveSlot<T>): void {
    const before = [...this.#live].indexOf(refused);
    if (before > 0 && isSettled(refused, this.#releasedAt)) {
      this.#limit = before;
      this.#setting.onLimit(before);
      return;
    }
    // What was asked in one go is refused in one go, and counts once.
    if (this.#isPaused) return;
    this.#consecutiveRefusals += 1;
    if (this.#consecutiveRefusals > maxConsecutiveRefusals) {
      this.#limit = before;
      return;
    }
    this.#isPaused = true;
    startTimer(
      () => {
        this.#isPaused = false;
        this.#setting.onChange();
      },
      10 * 2 ** this.#consecutiveRefusals,
    );
  }
}

/** Whether the server no longer counted the session that had ended last when it was asked for this one. */
function isSettled({ startedAt }: LiveSlot<unknown>, endedAt: number): boolean {
  return startedAt - endedAt > settleMs;
}
