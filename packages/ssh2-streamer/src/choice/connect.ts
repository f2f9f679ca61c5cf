import { isOttoError } from "@otto/errors";
import { findSsh } from "../openssh/find-ssh.js";
import { transportError } from "../route/failure.js";
import type { Connection, ConnectRequest, Transport } from "../transport/transport.js";
import { readMeans } from "./means.js";
import { findNeed, type Need } from "./need.js";

/** Loaded when it connects: with a connection that is kept, neither does. */
const transports = {
  ssh2: async () => (await import("../ssh2/connector.js")).connectBySsh2,
  openssh: async () => (await import("../openssh/connector.js")).connectByOpenssh,
} as const;

/** The transport of one endpoint: the one that it names, else the one that can do what it asks for. */
export function createChoosingTransport(): Transport {
  let reported: string | undefined;
  /** What the first connection showed; it holds for the next ones. */
  let learned: Need | undefined;
  const connectBy = async (name: keyof typeof transports, cause: string, request: ConnectRequest) => {
    const { endpoint, onEvent } = request;
    const choice = `${name} ${cause}`;
    if (reported !== choice) onEvent({ type: "ssh.transport", hop: endpoint.name, transport: name, cause });
    reported = choice;
    const connect = await transports[name]();
    return connect(request);
  };
  const connectLearning = async (request: ConnectRequest): Promise<Connection> => {
    try {
      return await connectBy("ssh2", "it does what is asked for", request);
    } catch (error) {
      learned = learnNeed(error);
      if (learned === undefined) throw error;
      if ((await findSsh(request.env)) === undefined) throw missingError(request, learned, error);
      return connectBy("openssh", learned.cause, request);
    }
  };
  return async (request) => {
    const { transport = "auto" } = request.endpoint;
    if (transport !== "auto") return connectBy(transport, "it is asked for", request);
    // Before files that a lab names are read, and an agent is asked.
    request.endpoint.authorize?.();
    const means = await readMeans(request.endpoint);
    const need = learned ?? findNeed(request.endpoint, means);
    if (need === undefined) return connectLearning(request);
    if ((await findSsh(request.env)) !== undefined) return connectBy("openssh", need.cause, request);
    if (need.isCertain) throw missingError(request, need);
    return connectBy("ssh2", "there is no ssh in PATH", request).catch((error: unknown) => {
      throw isOttoError(error, "SSH_AUTH_FAILED") ? missingError(request, need, error) : error;
    });
  };
}

function learnNeed(error: unknown): Need | undefined {
  if (isOttoError(error, "SSH_CONNECT_FAILED") && error.details?.reason === "algorithms") {
    return { cause: `the server's algorithms (${error.message.replace(/^.*: /, "")})`, isCertain: true };
  }
  return undefined;
}

function missingError({ endpoint }: ConnectRequest, { cause }: Need, error?: unknown) {
  return transportError(endpoint, `there is no ssh in PATH; it is needed for ${cause}`, error);
}
