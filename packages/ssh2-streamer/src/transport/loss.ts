import { isOttoError, type OttoError } from "@otto/errors";
import type { SshEndpoint } from "../route/endpoint.js";
import { describe, lostError, secretsOf } from "../route/failure.js";
import type { Connection, Loss } from "./transport.js";

/** Whether a connection is lost, and who is to hear of it. */
export class LossNotice implements Pick<Connection, "isOpen" | "onLost" | "lostError"> {
  readonly #endpoint: SshEndpoint;
  readonly #listeners = new Set<(loss: Loss) => void>();
  #loss: Loss | undefined;

  constructor(endpoint: SshEndpoint) {
    this.#endpoint = endpoint;
  }

  get isOpen(): boolean {
    return this.#loss === undefined;
  }

  onLost(listener: (loss: Loss) => void): () => void {
    if (this.#loss !== undefined) {
      listener(this.#loss);
      return () => {};
    }
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  lostError(inFlight: string): OttoError {
    const { name } = this.#endpoint;
    return lostError(name, this.#loss ?? { hop: name, cause: "the server closed it" }, inFlight);
  }

  /** Reports the loss to all who listen. @returns whether it is the first one */
  report(loss: Loss): boolean {
    if (this.#loss !== undefined) return false;
    this.#loss = loss;
    for (const listener of this.#listeners) listener(loss);
    this.#listeners.clear();
    return true;
  }
}

/** The loss that an error of the connection's stream means: that of a hop, where the hop's connection was lost. */
export function explainLoss(endpoint: SshEndpoint, error: Error): Loss {
  if (isOttoError(error, "SSH_CONNECTION_LOST")) {
    const { hop, cause } = error.details ?? {};
    if (typeof hop === "string" && typeof cause === "string") return { hop, cause };
  }
  return { hop: endpoint.name, cause: describe(error, secretsOf(endpoint)) };
}
