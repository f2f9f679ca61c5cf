import { startTimer } from "@otto/errors";
import type { SshEndpoint } from "../route/endpoint.js";
import type { SshEventListener } from "../route/event.js";
import { channelError, closedError } from "../route/failure.js";
import type { Connection } from "../ssh2/connection.js";
import { chooseHolder, isHeld, isStuck } from "./decide.js";
import { SessionSlots, type Slot, type SlotRequest } from "./session-slots.js";

export interface PoolSetting {
  readonly endpoint: SshEndpoint;
  /** Opens one more connection. */
  readonly open: () => Promise<Connection>;
  readonly onEvent: SshEventListener;
}

interface Waiter {
  readonly request: SlotRequest;
  readonly grant: (slot: Slot) => void;
  readonly fail: (error: unknown) => void;
}

/** More connections than this are not opened for sessions that wait: each is a process of the server, of about 2 MB. */
const maxConnections = 32;
/** A session that lasts gets another connection when for so long no place became free. */
const patienceMs = 1000;
/** A further connection that is idle for so long is closed. */
const lingerMs = 1000;

/** The connections to one machine, and who may open a session on which. */
export class ConnectionPool {
  readonly #setting: PoolSetting;
  readonly #members: SessionSlots[] = [];
  readonly #waiters = new Set<Waiter>();
  #opening: Promise<Connection> | undefined;
  #limit = Number.POSITIVE_INFINITY;
  #patience: NodeJS.Timeout | undefined;
  /** How many more connections those need whose patience is at its end. */
  #due = 0;
  #isExhausted = false;
  #isClosed = false;

  constructor(setting: PoolSetting) {
    this.#setting = setting;
  }

  /** A connection that is open; connects when there is none, once for everyone. */
  async connect(): Promise<Connection> {
    if (this.#isClosed) throw closedError(this.#setting.endpoint);
    return this.#members[0]?.connection ?? (await this.#open());
  }

  /** Waits for the right to open a session. */
  acquire(request: SlotRequest, signal: AbortSignal | undefined): Promise<Slot> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(closedError(this.#setting.endpoint));
      if (signal?.aborted) return reject(signal.reason);
      const settle = () => {
        this.#waiters.delete(waiter);
        signal?.removeEventListener("abort", onAbort);
      };
      const onAbort = () => waiter.fail(signal?.reason);
      const waiter: Waiter = {
        request,
        grant: (slot) => {
          settle();
          resolve(slot);
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

  /** Serves who waits, as far as there is room, and makes room when there is none. */
  review(): void {
    for (const waiter of this.#waiters) {
      const index = chooseHolder(this.#holders(), waiter.request.lifetime);
      const member = index === undefined ? undefined : this.#members[index];
      if (member !== undefined) waiter.grant(member.take(waiter.request));
    }
    if (this.#waiters.size > 0) this.#makeRoom();
  }

  /** Whether those that end soon wait, and those that last have taken the place that is to be left to them. */
  get owesPlace(): boolean {
    if (this.#members.some((member) => member.isBlocked) || !isHeld(this.#holders())) return false;
    return [...this.#waiters].some(({ request }) => request.lifetime !== "long");
  }

  /** Starts the patience of who waits anew. */
  noteProgress(): void {
    this.#resetPatience();
    this.review();
  }

  /** Ends every connection; waiters fail. */
  async close(): Promise<void> {
    const cause = "the session was closed";
    this.#isClosed = true;
    this.#resetPatience();
    this.#failWaiters(closedError(this.#setting.endpoint));
    const opening = this.#opening;
    // One that is closed leaves the members at once.
    await Promise.all([...this.#members].map(({ connection }) => connection.close(cause)));
    await opening?.then((connection) => connection.close(cause)).catch(() => {});
  }

  #holders() {
    return this.#members.map((member) => member.holder);
  }

  #makeRoom(): void {
    if (this.#members.some((member) => member.isBlocked || member.reclaim())) return;
    const { endpoint } = this.#setting;
    const lifetimes = new Set([...this.#waiters].map(({ request }) => request.lifetime));
    if (this.#members.length === 0) this.#openFor("the first call");
    // One such connection may be full of processes that outlived their channels; two are the server's will.
    else if (this.#members.filter((member) => member.isUseless).length > 1) {
      this.#failWaiters(channelError(endpoint, "opening a session"));
    } else if (lifetimes.has("urgent")) this.#openFor("a process that holds a session must be ended");
    else if (isStuck(this.#holders(), lifetimes)) this.#openFor("processes that last hold every session");
    else if (lifetimes.has("long") || isHeld(this.#holders())) this.#startPatience();
  }

  #failWaiters(error: unknown): void {
    for (const waiter of this.#waiters) waiter.fail(error);
  }

  #resetPatience(): void {
    clearTimeout(this.#patience);
    this.#patience = undefined;
  }

  #startPatience(): void {
    const slowest = Math.max(...this.#members.map((member) => member.openMs));
    this.#patience ??= startTimer(
      () => {
        this.#patience = undefined;
        // A server that is slow to open what it was asked for would be as slow on a further connection.
        if (this.#members.some((member) => member.isOpening)) return this.#startPatience();
        this.#due = Math.max(1, Math.ceil(this.#countLasting() / this.#limit));
        this.#openDue();
      },
      Math.max(patienceMs, 6 * slowest),
    );
  }

  #countLasting(): number {
    return [...this.#waiters].filter(({ request }) => request.lifetime === "long").length;
  }

  /** One after the other: sshd's MaxStartups counts those that are not authenticated yet. */
  #openDue(): void {
    if (this.#due === 0 || this.#opening !== undefined || this.#waiters.size === 0) return;
    if (this.#members.length >= maxConnections) {
      this.#tellExhausted();
      return;
    }
    this.#due -= 1;
    this.#openFor("no session became free");
  }

  #tellExhausted(): void {
    if (this.#isExhausted) return;
    this.#isExhausted = true;
    const { endpoint, onEvent } = this.#setting;
    const [connections, waiting] = [this.#members.length, this.#countLasting()];
    onEvent({ type: "ssh.sessions-exhausted", hop: endpoint.name, limit: this.#limit, connections, waiting });
  }

  #openFor(cause: string): void {
    if (this.#opening !== undefined || this.#members.length >= maxConnections) return;
    const isExtra = this.#members.length > 0;
    this.#open().then(
      () => {
        const hop = this.#setting.endpoint.name;
        const connections = this.#members.length;
        if (isExtra) this.#setting.onEvent({ type: "ssh.connection-added", hop, connections, cause });
        this.#openDue();
      },
      (error: unknown) => {
        this.#due = 0;
        // Without a further connection, who waits is left to the sessions there are.
        if (this.#members.length > 0) this.#startPatience();
        else this.#failWaiters(error);
      },
    );
  }

  #open(): Promise<Connection> {
    const settle = () => {
      this.#opening = undefined;
    };
    this.#opening ??= this.#setting
      .open()
      .finally(settle)
      .then((connection) => this.#add(connection));
    return this.#opening;
  }

  #add(connection: Connection): Connection {
    const { endpoint, onEvent } = this.#setting;
    const member: SessionSlots = new SessionSlots({
      connection,
      limit: this.#limit,
      onOpen: () => this.noteProgress(),
      onChange: () => {
        this.noteProgress();
        if (this.#members.length > 1) startTimer(() => this.#dropIdle(member), lingerMs).unref();
      },
      onLimit: (limit) => {
        if (limit !== this.#limit) onEvent({ type: "ssh.session-limit", hop: endpoint.name, limit });
        this.#limit = limit;
      },
    });
    this.#members.push(member);
    this.#resetPatience();
    connection.onLost((loss) => {
      this.#members.splice(this.#members.indexOf(member), 1);
      if (this.#isClosed) return;
      onEvent({ type: "ssh.connection-lost", ...loss, target: endpoint.name });
      this.review();
    });
    this.review();
    return connection;
  }

  #dropIdle(member: SessionSlots): void {
    const isNeeded = this.#members[0] === member || !member.isIdle || member.isUseless || this.#waiters.size > 0;
    if (isNeeded || !member.connection.isOpen) return;
    void member.connection.close("it was idle").catch(() => {});
  }
}
