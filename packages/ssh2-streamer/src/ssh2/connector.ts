import { type Attempt, createTransport } from "../transport/connect.js";
import { assertNeedsNoCertificate } from "../transport/host-key-check.js";
import { planAlgorithms } from "./algorithms.js";
import { Ssh2Connection } from "./connection.js";
import { type LoginPlan, readLogins } from "./credential.js";
import { performHandshake } from "./handshake.js";

/** The transport by ssh2, in this process. */
export const connectBySsh2 = createTransport<LoginPlan>({
  readLogins: ({ credentials }) => readLogins(credentials),
  connect,
});

async function connect(attempt: Attempt, login: LoginPlan): Promise<Ssh2Connection> {
  const { endpoint, depth, startedAt, signal, hostKey, onHostKeyTrusted, onPrompt, wait } = attempt;
  assertNeedsNoCertificate(endpoint, hostKey);
  const algorithms = planAlgorithms(endpoint, hostKey);
  // Loaded here at its first use, for it is slow to load; and before the socket, which nobody would listen to meanwhile.
  const { default: ssh2 } = await import("ssh2");
  const socket = await attempt.dial(signal, login.username);
  const handshake = { ssh2, endpoint, login, hostKey, algorithms, onHostKeyTrusted, onPrompt, wait, signal };
  const connection = await performHandshake(
    socket,
    handshake,
    (client) => new Ssh2Connection({ endpoint, client, socket, depth, startedAt }),
  );
  if (!connection.isOpen) throw connection.lostError("logging in");
  return connection;
}
