import type { Connection } from "./connection.js";
import type { SshEndpoint } from "./endpoint.js";
import type { SshEventListener } from "./event.js";
import { channelError, closedError } from "./failure.js";
import { chooseHolder, isStuck, type Lifetime } from "./slot-plan.js";

/** The right to open one session channel on a connection. Exactly one of `refuse` and `release` ends it. */
export interface Slot {
  readonly connection: Connection;
  /** The server opened the channel. `reclaim` gives it up when it is idle, and says whether it was. */
  confirm(reclaim?: () => boolean): void;
  /** The server refused the channel: its limit is reached. */
  refuse(): void;
  release(): void;
}

export interface PoolSetting {
  readonly endpoint: SshEndpoint;
  /** Opens one more connection. */
  readonly open: () => Promise<Connection>;
  readonly onEvent: SshEventListener;
}

interface Member {
  readonly connection: Connection;
  limit: number;
  short: number;
  long: number;
  urgent: number;
  confirmed: number;
  releasedAt: number;
  strikes: number;
  isBlocked: boolean;
  readonly reclaims: Set<() => boolean>;
}

interface Waiter {
  readonly lifetime: Lifetime;
  readonly grant: (slot: Slot) => void;
  readonly fail: (error: unknown) => void;
}

/** Connections beyond this are not opened for sessions that wait: sshd's MaxStartups and its memory are shared. */
const maxConnections = 8;
/** A session that lasts gets another connection when for so long no place became free. */
const patienceMs = 250;
/** After a close, sshd counts the session until its next turn: a refusal this soon after says nothing of the limit. */
const settleMs = 50;
const maxStrikes = 6;

/** The connections to one machine, and who may open a session on which. */
export class ConnectionPool {
  readonly #setting: PoolSetting;
  readonly #members: Member[] = [];
  readonly #waiters = new Set<Waiter>();
  #opening: Promise<Connection> | undefined;
  #limit = Number.POSITIVE_INFINITY;
  #patience: NodeJS.Timeout | undefined;
  #openMs = 0;
  /** The server opened not one session on a connection. Asked anew after a reconnect. */
  #isRefusing = false;
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
  acquire(lifetime: Lifetime, signal: AbortSignal | undefined): Promise<Slot> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(closedError(this.#setting.endpoint));
      if (this.#isRefusing) return reject(channelError(this.#setting.endpoint, "opening a session"));
      if (signal?.aborted) return reject(signal.reason);
      const settle = () => {
        this.#waiters.delete(waiter);
        signal?.removeEventListener("abort", onAbort);
      };
      const onAbort = () => waiter.fail(signal?.reason);
      const waiter: Waiter = {
        lifetime,
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
      this.#dispatch();
    });
  }

  /** Looks again whether a waiter can be served, after a session became reclaimable. */
  review(): void {
    this.#dispatch();
  }

  /** Ends every connection; waiters fail. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#patience);
    for (const waiter of this.#waiters) waiter.fail(closedError(this.#setting.endpoint));
    const connections = this.#members.map((member) => member.connection);
    await Promise.all(connections.map((connection) => connection.close("the session was closed")));
    await this.#opening?.then(
      (connection) => connection.close("the session was closed"),
      () => {},
    );
  }

  #dispatch(): void {
    const holders = () => this.#members.map((member) => ({ ...member, limit: member.isBlocked ? 0 : member.limit }));
    for (const waiter of this.#waiters) {
      const index = chooseHolder(holders(), waiter.lifetime);
      const member = index === undefined ? undefined : this.#members[index];
      if (member !== undefined) waiter.grant(this.#take(member, waiter.lifetime));
    }
    if (this.#waiters.size > 0) this.#makeRoom();
  }

  #makeRoom(): void {
    if (this.#members.some((member) => member.isBlocked) || this.#reclaim()) return;
    const lifetimes = new Set([...this.#waiters].map((waiter) => waiter.lifetime));
    if (this.#members.length === 0) this.#openFor("the first call");
    else if (lifetimes.has("urgent")) this.#openFor("a process that holds a session must be ended");
    else if (lifetimes.has("short") && isStuck(this.#members)) this.#openFor("processes that last hold every session");
    else if (lifetimes.has("long")) this.#startPatience();
  }

  #take(member: Member, lifetime: Lifetime): Slot {
    const startedAt = performance.now();
    let reclaimer: (() => boolean) | undefined;
    let isConfirmed = false;
    member[lifetime] += 1;
    const leave = () => {
      member[lifetime] -= 1;
      if (isConfirmed) member.confirmed -= 1;
      if (reclaimer !== undefined) member.reclaims.delete(reclaimer);
      this.#progress();
    };
    return {
      connection: member.connection,
      confirm: (reclaim) => {
        isConfirmed = true;
        member.confirmed += 1;
        member.strikes = 0;
        this.#openMs = performance.now() - startedAt;
        reclaimer = reclaim;
        if (reclaim !== undefined) member.reclaims.add(reclaim);
      },
      refuse: () => {
        this.#learn(member, startedAt);
        leave();
        this.#dispatch();
      },
      release: () => {
        member.releasedAt = performance.now();
        leave();
        if (member.confirmed === 0) member.limit = this.#limit;
        this.#dispatch();
        this.#dropIdle(member);
      },
    };
  }

  #learn(member: Member, startedAt: number): void {
    const isSettled = startedAt - member.releasedAt > settleMs;
    if (member.confirmed > 0 && isSettled) {
      member.limit = member.confirmed;
      if (this.#limit !== member.confirmed) {
        this.#limit = member.confirmed;
        this.#setting.onEvent({
          type: "ssh.session-limit",
          hop: this.#setting.endpoint.name,
          limit: member.confirmed,
        });
      }
      return;
    }
    member.strikes += 1;
    member.isBlocked = member.strikes <= maxStrikes;
    if (!member.isBlocked) this.#giveUp(member);
    else
      setTimeout(
        () => {
          member.isBlocked = false;
          this.#dispatch();
        },
        10 * 2 ** member.strikes,
      );
  }

  // A connection that opens nothing: its sessions are held by processes that outlived their channels, or it allows none.
  #giveUp(member: Member): void {
    member.limit = member.confirmed;
    if (member.confirmed > 0 || member.releasedAt > Number.NEGATIVE_INFINITY) return;
    this.#isRefusing = true;
    for (const waiter of this.#waiters) waiter.fail(channelError(this.#setting.endpoint, "opening a session"));
  }

  #reclaim(): boolean {
    return this.#members.some((member) => [...member.reclaims].some((reclaim) => reclaim()));
  }

  #progress(): void {
    clearTimeout(this.#patience);
    this.#patience = undefined;
  }

  #startPatience(): void {
    this.#patience ??= setTimeout(
      () => {
        this.#patience = undefined;
        if (this.#waiters.size > 0) this.#openFor("no session became free");
      },
      Math.max(patienceMs, 6 * this.#openMs),
    );
  }

  #openFor(cause: string): void {
    if (this.#opening !== undefined || this.#members.length >= maxConnections) return;
    const isExtra = this.#members.length > 0;
    this.#open().then(
      () => {
        const { name } = this.#setting.endpoint;
        const connections = this.#members.length;
        if (isExtra) this.#setting.onEvent({ type: "ssh.connection-added", hop: name, connections, cause });
      },
      (error: unknown) => {
        // A further connection that fails leaves the waiters to the sessions there are.
        if (this.#members.length > 0) this.#startPatience();
        else for (const waiter of this.#waiters) waiter.fail(error);
      },
    );
  }

  #open(): Promise<Connection> {
    this.#opening ??= this.#setting
      .open()
      .then((connection) => this.#add(connection))
      .finally(() => {
        this.#opening = undefined;
        this.#dispatch();
      });
    return this.#opening;
  }

  #add(connection: Connection): Connection {
    const member: Member = {
      connection,
      limit: this.#limit,
      short: 0,
      long: 0,
      urgent: 0,
      confirmed: 0,
      releasedAt: Number.NEGATIVE_INFINITY,
      strikes: 0,
      isBlocked: false,
      reclaims: new Set(),
    };
    this.#members.push(member);
    if (this.#members.length === 1) this.#isRefusing = false;
    connection.onLost((cause) => {
      this.#members.splice(this.#members.indexOf(member), 1);
      if (!this.#isClosed) {
        this.#setting.onEvent({ type: "ssh.connection-lost", hop: this.#setting.endpoint.name, cause });
        this.#dispatch();
      }
    });
    return connection;
  }

  #dropIdle(member: Member): void {
    if (this.#members.length < 2 || member.short + member.long + member.urgent > 0 || this.#waiters.size > 0) return;
    void member.connection.close("it was idle").catch(() => {});
  }
}
