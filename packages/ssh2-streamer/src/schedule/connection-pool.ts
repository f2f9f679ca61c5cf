import { SingleFlight } from "@otto/errors";
import type { SshEndpoint } from "../route/endpoint.js";
import { closedError } from "../route/failure.js";
import type { Connection, Loss } from "../transport/transport.js";

export interface PoolSetting {
  readonly endpoint: SshEndpoint;
  /** Opens one more connection. */
  readonly open: () => Promise<Connection>;
  readonly onOpened: (connection: Connection) => void;
  /** No connection was opened. */
  readonly onFailed: (error: unknown) => void;
  readonly onLost: (connection: Connection, loss: Loss) => void;
}

/** Opens connections to one machine, one after the other (sshd's MaxStartups counts those that log in), and closes them. */
export class ConnectionPool {
  readonly #setting: PoolSetting;
  readonly #connections: Connection[] = [];
  readonly #opening = new SingleFlight(() => this.#open());
  #isClosed = false;

  constructor(setting: PoolSetting) {
    this.#setting = setting;
  }

  get isOpening(): boolean {
    return this.#opening.isRunning;
  }

  /** A connection that is open; opens one when there is none. Fails on a pool that is closed. */
  async connect(): Promise<Connection> {
    if (this.#isClosed) throw closedError(this.#setting.endpoint);
    return this.#connections[0] ?? (await this.#start());
  }

  /** Opens a further one, unless one is being opened. */
  add(): void {
    // `onFailed` hears of it.
    this.#start().catch(() => {});
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    // One that is closed leaves the list at once.
    await Promise.all([...this.#connections].map((connection) => connection.close(closedCause)));
    if (this.#opening.isRunning) await this.#opening.do().catch(() => {});
  }

  #start(): Promise<Connection> {
    const isFirst = !this.#opening.isRunning;
    const opening = this.#opening.do();
    if (isFirst) opening.then(this.#setting.onOpened, this.#setting.onFailed);
    return opening;
  }

  async #open(): Promise<Connection> {
    const { endpoint, open, onLost } = this.#setting;
    const connection = await open();
    if (this.#isClosed) {
      await connection.close(closedCause);
      throw closedError(endpoint);
    }
    this.#connections.push(connection);
    connection.onLost((loss) => {
      this.#connections.splice(this.#connections.indexOf(connection), 1);
      if (!this.#isClosed) onLost(connection, loss);
    });
    return connection;
  }
}

const closedCause = "the session was closed";
