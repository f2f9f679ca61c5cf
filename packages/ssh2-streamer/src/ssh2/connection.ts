import type { Duplex } from "node:stream";
import { isOttoError, type OttoError } from "@otto/errors";
import type { Client } from "ssh2";
import type { SshEndpoint } from "../route/endpoint.js";
import { describe, lostError, secretsOf } from "../route/failure.js";
import { watchSilence } from "./liveness.js";

/** Which connection of the way ended, and why. */
export interface Loss {
  /** The machine that the connection led to. */
  readonly hop: string;
  readonly cause: string;
}

export interface ConnectionSetting {
  readonly endpoint: SshEndpoint;
  readonly client: Client;
  readonly socket: Duplex;
  /** How many hops carry it. */
  readonly depth: number;
  /** `performance.now()` when connecting began. */
  readonly startedAt: number;
}

/** One authenticated connection. It knows when it is lost, and tells everyone who has something under way. */
export class Connection {
  readonly endpoint: SshEndpoint;
  readonly client: Client;
  /** How long it took to connect. */
  readonly connectMs: number;
  readonly #socket: Duplex;
  readonly #listeners = new Set<(loss: Loss) => void>();
  readonly #stopWatching: () => void;
  readonly #closed: Promise<void>;
  #loss: Loss | undefined;

  constructor({ endpoint, client, socket, depth, startedAt }: ConnectionSetting) {
    this.endpoint = endpoint;
    this.client = client;
    this.connectMs = performance.now() - startedAt;
    this.#socket = socket;
    this.#closed = new Promise((resolve) => {
      socket.once("close", () => resolve());
    });
    const { name, keepaliveIntervalMs: intervalMs = 15_000, keepaliveCountMax: countMax = 3 } = endpoint;
    client.on("error", (error: Error & { level?: string }) => {
      if (error.level !== "agent") this.lose(explainLoss(endpoint, error));
    });
    const onEnd = () => this.lose({ hop: name, cause: "the server closed it" });
    client.once("end", onEnd);
    client.once("close", onEnd);
    const onSilent = (silentMs: number) => this.lose({ hop: name, cause: `no byte for ${silentMs} ms` });
    // When a hop falls silent, all that it carries does: its own connection is to say so first.
    this.#stopWatching = watchSilence(socket, { intervalMs, countMax, graceMs: (depth * intervalMs) / 2 }, onSilent);
  }

  get isOpen(): boolean {
    return this.#loss === undefined;
  }

  /** Calls `listener` once, when the connection is lost; at once when it is. Returns an undo. */
  onLost(listener: (loss: Loss) => void): () => void {
    if (this.#loss !== undefined) {
      listener(this.#loss);
      return () => {};
    }
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends it at once, for everyone. */
  lose(loss: Loss): void {
    if (this.#loss !== undefined) return;
    this.#loss = loss;
    this.#stopWatching();
    for (const listener of this.#listeners) listener(loss);
    this.#listeners.clear();
    this.#socket.destroy();
  }

  /** Says goodbye to the server and waits until the socket is closed. */
  async close(cause: string): Promise<void> {
    if (this.isOpen) this.client.end();
    this.lose({ hop: this.endpoint.name, cause });
    await this.#closed;
  }

  /** The error of what was under way. */
  lostError(inFlight: string): OttoError {
    const { name } = this.endpoint;
    return lostError(name, this.#loss ?? { hop: name, cause: "the server closed it" }, inFlight);
  }
}

function explainLoss(endpoint: SshEndpoint, error: Error): Loss {
  if (isOttoError(error, "SSH_CONNECTION_LOST")) {
    const { hop, cause } = error.details ?? {};
    if (typeof hop === "string" && typeof cause === "string") return { hop, cause };
  }
  return { hop: endpoint.name, cause: describe(error, secretsOf(endpoint)) };
}
