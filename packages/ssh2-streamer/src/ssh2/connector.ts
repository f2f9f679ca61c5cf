import { applyAlgorithmList } from "../lists/algorithm-list.js";
import type { SshEndpoint } from "../route/endpoint.js";
import { connectError } from "../route/failure.js";
import { type Attempt, createTransport } from "../transport/connect.js";
import { assertJudgedWithoutSsh } from "../transport/host-key-check.js";
import { findForeignList, planAlgorithms } from "./algorithms.js";
import { Ssh2Connection } from "./connection.js";
import { type LoginPlan, readLogins } from "./credential.js";
import { type ChosenAlgorithms, performHandshake } from "./handshake.js";
import { readSsh2Algorithms } from "./internals.js";
import { loadSsh2 } from "./load.js";

/** The transport by ssh2, in this process. */
export const connectBySsh2 = createTransport<LoginPlan>({
  readLogins: ({ credentials }) => readLogins(credentials),
  connect,
});

async function connect(attempt: Attempt, login: LoginPlan): Promise<Ssh2Connection> {
  const { endpoint, depth, startedAt, signal, hostKey, onHostKeyTrusted, onPrompt, wait } = attempt;
  assertJudgedWithoutSsh(endpoint, hostKey);
  // Before the socket, which nobody would listen to meanwhile.
  const ssh2 = await loadSsh2();
  const algorithms = await chooseAlgorithms(endpoint);
  const socket = await attempt.dial(signal, login.username);
  const handshake = { ssh2, endpoint, algorithms, login, hostKey, onHostKeyTrusted, onPrompt, wait, signal };
  const connection = await performHandshake(
    socket,
    handshake,
    (client) => new Ssh2Connection({ endpoint, client, socket, depth, startedAt }),
  );
  if (!connection.isOpen) throw connection.lostError("logging in");
  return connection;
}

/** @throws OttoError `SSH_CONNECT_FAILED` for a list of which ssh2 has nothing */
async function chooseAlgorithms(endpoint: SshEndpoint): Promise<ChosenAlgorithms> {
  const { algorithms: lists } = endpoint;
  if (lists === undefined) return { transport: {}, signatures: undefined };
  const known = await readSsh2Algorithms();
  const foreign = findForeignList(lists, known);
  if (foreign !== undefined && foreign.kind !== "publicKeys") {
    throw connectError(endpoint, "algorithms", new Error(`ssh2 has nothing of ${foreign.text}`));
  }
  const { publicKeys } = lists;
  const signatures = publicKeys === undefined ? undefined : applyAlgorithmList(publicKeys, known.publicKeys);
  return { transport: planAlgorithms(lists, known), signatures };
}
