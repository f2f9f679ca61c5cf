import { startTimer } from "@otto/errors";
import type { SshEndpoint } from "../route/endpoint.js";
import type { SshEventListener } from "../route/event.js";
import { channelError, closedError } from "../route/failure.js";
import type { Connection, Loss } from "../transport/transport.js";
import { ConnectionPool } from "./connection-pool.js";
import { ConnectionSlots, type LendableSession, type Slot } from "./connection-slots.js";
import { type Action, decide, patienceMs, refusesSessions, type SessionRequest } from "./decide.js";

export interface SchedulerSetting {
  readonly endpoint: SshEndpoint;
  /** Opens one more connection. */
  readonly open: () => Promise<Connection>;
  readonly onEvent: SshEventListener;
}

interface Waiter<T extends LendableSession> {
  readonly request: SessionRequest;
  readonly grant: (given: Slot<T> | T) => void;
  readonly fail: (error: unknown) => void;
}

/** A further connection that is idle for this long is closed. */
const lingerMs = 1000;

/** Who may open a session on which connection to a machine, who waits for one, and who gets one that is idle. */
export class SessionScheduler<T extends LendableSession> {
  readonly #setting: SchedulerSetting;
  readonly #pool: ConnectionPool;
  readonly #connections: ConnectionSlots<T>[] = [];
  readonly #waiters = new Set<Waiter<T>>();
  #limit = Number.POSITIVE_INFINITY;
  #patience: { readonly timer: NodeJS.Timeout; readonly ms: number } | undefined;
  #dueConnections = 0;
  /** Why the connection that is being opened is, when it is a further one. */
  #cause: string | undefined;
  #isExhausted = false;
  #isClosed = false;

  constructor(setting: SchedulerSetting) {
    this.#setting = setting;
    const { endpoint, open } = setting;
    this.#pool = new ConnectionPool({
      endpoint,
      open,
      onOpened: (connection) => this.#add(connection),
      onFailed: (error) => this.#goWithout(error),
      onLost: (connection, loss) => this.#remove(connection, loss),
    });
  }

  /** A connection that is open; connects when there is none, once for everyone. */
  connect(): Promise<Connection> {
    return this.#pool.connect();
  }

  /** Waits for the right to open a session. */
  acquire(lifetime: SessionRequest["lifetime"], signal: AbortSignal | undefined): Promise<Slot<T>> {
    // Without a key nothing is lent.
    return this.#wait({ lifetime }, signal) as Promise<Slot<T>>;
  }

  /** Waits for a session of that key which is idle, or for the right to open one. */
  acquireOrBorrow(lendKey: string, signal: AbortSignal | undefined): Promise<Slot<T> | T> {
    return this.#wait({ lifetime: "long", lendKey }, signal);
  }

  /** Serves the waiters, as far as there is room, and makes room when there is none. Called when a session became idle. */
  review(): void {
    for (;;) {
      const action = decide({
        connections: this.#connections.map(({ load }) => load),
        waiters: [...this.#waiters].map(({ request }) => request),
        isConnecting: this.#pool.isOpening,
        dueConnections: this.#dueConnections,
      });
      this.#apply(action);
      if (action.do !== "open" && action.do !== "lend") return;
    }
  }

  /** Ends every connection; waiters fail. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#resetPatience();
    this.#failWaiters(closedError(this.#setting.endpoint));
    await this.#pool.close();
  }

  #wait(request: SessionRequest, signal: AbortSignal | undefined): Promise<Slot<T> | T> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(closedError(this.#setting.endpoint));
      if (signal?.aborted) return reject(signal.reason);
      const settle = () => {
        this.#waiters.delete(waiter);
        signal?.removeEventListener("abort", onAbort);
      };
      const onAbort = () => waiter.fail(signal?.reason);
      const waiter: Waiter<T> = {
        request,
        grant: (given) => {
          settle();
          resolve(given);
        },
        fail: (error) => {
          settle();
          reject(error);
        },
      };
      signal?.addEventListener("abort", onAbort);
      this.#waiters.add(waiter);
      this.review();
    });
  }

  #apply(action: Action): void {
    switch (action.do) {
      case "open": {
        const waiter = [...this.#waiters][action.waiter];
        const slot = waiter && this.#connections[action.connection]?.take(waiter.request);
        if (slot !== undefined) waiter?.grant(slot);
        return;
      }
      case "lend": {
        const session = this.#connections[action.connection]?.lend(action.idle);
        if (session !== undefined) [...this.#waiters][action.waiter]?.grant(session);
        // Those who still wait see that it goes on.
        this.#resetPatience();
        return;
      }
      case "end-idle":
        this.#connections[action.connection]?.endIdle();
        return;
      case "connect":
        if (action.isDue) this.#dueConnections -= 1;
        this.#cause = this.#connections.length > 0 ? action.cause : undefined;
        this.#pool.add();
        return;
      case "report-exhausted":
        this.#dueConnections = 0;
        this.#reportExhausted();
        return;
      case "refuse":
        this.#failWaiters(channelError(this.#setting.endpoint, "opening a session"));
        return;
      case "wait":
        if (this.#waiters.size === 0) this.#dueConnections = 0;
        if (action.patienceMs !== undefined) this.#startPatience(action.patienceMs);
    }
  }

  #add(connection: Connection): void {
    // Lost meanwhile.
    if (!connection.isOpen) {
      this.review();
      return;
    }
    const { endpoint, onEvent } = this.#setting;
    const slots: ConnectionSlots<T> = new ConnectionSlots({
      connection,
      limit: Math.min(this.#limit, connection.sessionLimit),
      onOpen: () => this.#goOn(),
      onChange: () => {
        this.#goOn();
        if (this.#connections.length > 1) startTimer(() => this.#closeIdle(slots), lingerMs).unref();
      },
      onLimit: (limit) => this.#learnLimit(limit),
    });
    this.#connections.push(slots);
    if (connection.sessionLimit < this.#limit) this.#learnLimit(connection.sessionLimit);
    const [cause, connections] = [this.#cause, this.#connections.length];
    this.#cause = undefined;
    this.#goOn();
    if (cause !== undefined) onEvent({ type: "ssh.connection-added", hop: endpoint.name, connections, cause });
  }

  #goWithout(error: unknown): void {
    if (this.#isClosed) return;
    this.#dueConnections = 0;
    this.#cause = undefined;
    // Without a further connection, waiters are left to the sessions there are.
    if (this.#connections.length > 0) this.#startPatience(patienceMs);
    else this.#failWaiters(error);
  }

  #remove(connection: Connection, loss: Loss): void {
    const { endpoint, onEvent } = this.#setting;
    const index = this.#connections.findIndex((slots) => slots.connection === connection);
    if (index !== -1) this.#connections.splice(index, 1);
    onEvent({ type: "ssh.connection-lost", ...loss, target: endpoint.name });
    this.review();
  }

  #learnLimit(limit: number): void {
    const { endpoint, onEvent } = this.#setting;
    if (limit !== this.#limit) onEvent({ type: "ssh.session-limit", hop: endpoint.name, limit });
    this.#limit = limit;
  }

  /** Starts the patience of the waiters anew. */
  #goOn(): void {
    this.#resetPatience();
    this.review();
  }

  #resetPatience(): void {
    clearTimeout(this.#patience?.timer);
    this.#patience = undefined;
  }

  #startPatience(leastMs: number): void {
    const slowestMs = Math.max(...this.#connections.map(({ openMs }) => openMs));
    const ms = Math.max(leastMs, 6 * slowestMs);
    if (this.#patience !== undefined && this.#patience.ms <= ms) return;
    this.#resetPatience();
    this.#patience = { timer: startTimer(() => this.#losePatience(), ms), ms };
  }

  #losePatience(): void {
    this.#patience = undefined;
    // A server that is slow to open what it was asked for would be as slow on a further connection.
    if (!this.#connections.some(({ isOpening }) => isOpening))
      this.#dueConnections = Math.max(1, Math.ceil(this.#countLongLived() / this.#limit));
    this.review();
  }

  #countLongLived(): number {
    return [...this.#waiters].filter(({ request }) => request.lifetime === "long").length;
  }

  #failWaiters(error: unknown): void {
    for (const waiter of this.#waiters) waiter.fail(error);
  }

  #reportExhausted(): void {
    if (this.#isExhausted) return;
    this.#isExhausted = true;
    const { endpoint, onEvent } = this.#setting;
    const [connections, waiting] = [this.#connections.length, this.#countLongLived()];
    onEvent({ type: "ssh.sessions-exhausted", hop: endpoint.name, limit: this.#limit, connections, waiting });
  }

  #closeIdle(slots: ConnectionSlots<T>): void {
    const isNeeded = this.#connections[0] === slots || !slots.isEmpty || this.#waiters.size > 0;
    if (isNeeded || refusesSessions(slots.load) || !slots.connection.isOpen) return;
    void slots.connection.close("it was idle").catch(() => {});
  }
}
