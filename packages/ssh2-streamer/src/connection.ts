import type { Duplex } from "node:stream";
import { isOttoError, type OttoError } from "@otto/errors";
import type { Client } from "ssh2";
import type { SshEndpoint } from "./endpoint.js";
import { describe, lostError, secretsOf } from "./failure.js";
import { watchSilence } from "./liveness.js";

/** One authenticated connection. It knows when it is lost, and tells everyone who has something under way. */
export class Connection {
  readonly endpoint: SshEndpoint;
  readonly client: Client;
  readonly #socket: Duplex;
  readonly #listeners = new Set<(cause: string) => void>();
  readonly #stopWatching: () => void;
  readonly #closed: Promise<void>;
  #lossCause: string | undefined;

  constructor(endpoint: SshEndpoint, client: Client, socket: Duplex) {
    this.endpoint = endpoint;
    this.client = client;
    this.#socket = socket;
    this.#closed = new Promise((resolve) => {
      socket.once("close", () => resolve());
    });
    client.on("error", (error: Error & { level?: string }) => {
      if (error.level !== "agent") this.lose(describeLoss(endpoint, error));
    });
    client.once("end", () => this.lose("the server closed it"));
    client.once("close", () => this.lose("the server closed it"));
    const setting = { intervalMs: endpoint.keepaliveIntervalMs ?? 15_000, countMax: endpoint.keepaliveCountMax ?? 3 };
    this.#stopWatching = watchSilence(socket, setting, (silentMs) => this.lose(`no byte for ${silentMs} ms`));
  }

  get isOpen(): boolean {
    return this.#lossCause === undefined;
  }

  /** Why it is lost; undefined while it is open. */
  get lossCause(): string | undefined {
    return this.#lossCause;
  }

  /** Calls `listener` once, when the connection is lost; at once when it is. Returns an undo. */
  onLost(listener: (cause: string) => void): () => void {
    if (this.#lossCause !== undefined) {
      listener(this.#lossCause);
      return () => {};
    }
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends it at once, for everyone. */
  lose(cause: string): void {
    if (this.#lossCause !== undefined) return;
    this.#lossCause = cause;
    this.#stopWatching();
    for (const listener of this.#listeners) listener(cause);
    this.#listeners.clear();
    this.#socket.destroy();
  }

  /** Says goodbye to the server and waits until the socket is closed. */
  async close(cause: string): Promise<void> {
    if (this.isOpen) this.client.end();
    this.lose(cause);
    await this.#closed;
  }

  lostError(inFlight: string): OttoError {
    return lostError(this.endpoint, this.#lossCause ?? "the server closed it", inFlight);
  }
}

function describeLoss(endpoint: SshEndpoint, error: Error): string {
  return isOttoError(error, "SSH_CONNECTION_LOST") ? error.message : describe(error, secretsOf(endpoint));
}
