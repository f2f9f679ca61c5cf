import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { anySignal, isOttoError } from "@otto/errors";
import { keyAlgorithms } from "../host-keys/host-key.js";
import { type KnownHost, readKeyType } from "../host-keys/known-hosts.js";
import { applyAlgorithmList } from "../lists/algorithm-list.js";
import { LoginAnswers } from "../login/login-answers.js";
import type { SshEndpoint } from "../route/endpoint.js";
import { authError, connectError, describe, secretsOf, socketError, transportError } from "../route/failure.js";
import { type Attempt, createTransport } from "../transport/connect.js";
import { certificateError, revokedByFileError } from "../transport/host-key-check.js";
import { controlPathIn, formatArguments } from "./arguments.js";
import { OpensshConnection } from "./connection.js";
import { findSsh } from "./find-ssh.js";
import { groupCredentials, type OpensshLogin } from "./login.js";
import {
  isTooOld,
  readCertificateRefusal,
  readGssapiProblem,
  readKeyProblems,
  readLoginFailure,
  readProviderProblem,
  readRevocation,
  readServerVersion,
} from "./login-log.js";
import { canHandOver, type Master, startMaster } from "./master.js";
import { attach } from "./mux.js";
import { createPrivateDirectory } from "./private-directory.js";
import { createPromptAnswer, type KeyFile, Unanswered } from "./prompts.js";
import { type Answer, openQuestions } from "./questions.js";

/** The transport by the system's `ssh`. */
export const connectByOpenssh = createTransport<OpensshLogin>({
  readLogins: async ({ credentials }) => groupCredentials(credentials),
  connect,
});

/** What is known of a login while it is under way. */
interface Progress {
  readonly attempt: Attempt;
  readonly login: OpensshLogin;
  readonly keys: readonly KeyFile[];
  readonly answers: LoginAnswers;
  /** Aborts when the login cannot go on, with what is thrown then, or with {@link Unanswered}. */
  readonly stuck: AbortSignal;
  /** The host is trusted: by its key, or by a certificate that `ssh` has verified. */
  readonly onTrusted: () => void;
  /** Whether a person or a vault was asked. */
  readonly isAsked: () => boolean;
}

async function connect(attempt: Attempt, login: OpensshLogin): Promise<OpensshConnection> {
  const { endpoint, hostKey, signal, depth, onPrompt, env } = attempt;
  const program = await findSsh(env);
  if (program === undefined) throw transportError(endpoint, "there is no ssh in PATH");
  const prepare = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      throw transportError(endpoint, `what it needs cannot be made: ${describe(error, [])}`, error);
    });
  await using directory = await prepare(createPrivateDirectory(env));
  const keys = await prepare(writeKeys(directory.path, login));
  const authoritiesFile = join(directory.path, "authorities");
  await prepare(writeFile(authoritiesFile, hostKey.authorities.map(formatAuthority).join("")));
  const stuck = new AbortController();
  let isAsked = false;
  const wait: Attempt["wait"] = (work) => {
    isAsked = true;
    return attempt.wait(work);
  };
  const over = anySignal(signal, stuck.signal);
  const answers = new LoginAnswers({ endpoint, credential: login, onPrompt, signal: over, wait });
  const stop = (why: unknown) => stuck.abort(why);
  let isTrusted = false;
  const onTrusted = () => {
    if (!isTrusted) attempt.onHostKeyTrusted();
    isTrusted = true;
  };
  const judge = judgeHostKeys(hostKey, onTrusted, stop);
  const prompted = createPromptAnswer(answers, keys, stop);
  await using questions = await prepare(
    openQuestions(directory.path, env, (question) =>
      question[0] === "host-key" ? judge(question) : prompted(question),
    ),
  );
  const stream = await attempt.dial(over, login.username);
  const args = formatArguments({
    endpoint,
    login,
    keyPaths: keys.map(({ path }) => path),
    hostKeyAlgorithms: listHostKeyAlgorithms(hostKey, endpoint.algorithms?.hostKeys),
    authoritiesFile,
    directory: directory.path,
    program: questions.program,
    depth,
    canAsk: answers.canAsk,
    isHandedOver: canHandOver(stream),
  });
  const master = startMaster({ argv: [program, ...args], env, program: questions.program, stream, signal: over });
  const progress = { attempt, login, keys, answers, stuck: stuck.signal, isAsked: () => isAsked, onTrusted };
  try {
    return await attachTo(master, controlPathIn(directory.path), progress);
  } catch (error) {
    void master.release();
    throw error;
  }
}

async function attachTo(master: Master, controlPath: string, progress: Progress): Promise<OpensshConnection> {
  const { attempt, stuck } = progress;
  const { endpoint, signal, startedAt, depth } = attempt;
  const isLoggedIn = await master.isLoggedIn.catch((error: unknown) => {
    if (signal.aborted) throw error;
    if (!stuck.aborted) throw transportError(endpoint, `it cannot be started: ${describe(error, [])}`, error);
    return false;
  });
  if (!isLoggedIn) throw explain(master, progress);
  progress.onTrusted();
  const serverVersion = readServerVersion(master.log);
  try {
    const { socket, pid } = await attach(controlPath, signal);
    master.keepLastWords();
    return new OpensshConnection({ endpoint, master, socket, pid, serverVersion, startedAt, depth });
  } catch (error) {
    // It is there as long as its connection is.
    throw signal.aborted ? signal.reason : connectError(endpoint, "dropped", master.streamError ?? error);
  }
}

/** Keys at hand become files, which are gone when the login is done: an agent of ours would hold them for longer. */
async function writeKeys(directory: string, { privateKeys }: OpensshLogin): Promise<KeyFile[]> {
  return await Promise.all(
    privateKeys.map(async (key, index) => {
      if ("path" in key) return { path: key.path, key };
      const path = join(directory, `key-${index}`);
      // OpenSSH does not read a key whose last line has no end.
      await writeFile(path, `${key.content.reveal().trimEnd()}\n`, { mode: 0o600 });
      return { path, key };
    }),
  );
}

function formatAuthority({ names, type, key }: KnownHost): string {
  return `@cert-authority ${names} ${type} ${key}\n`;
}

/** A host that may come with a certificate is asked for that first. */
function listHostKeyAlgorithms({ algorithms, authorities }: Attempt["hostKey"], list?: string): string {
  if (list !== undefined && algorithms.length === 0) return list;
  const names = authorities.length === 0 ? [] : new Set([...algorithms, ...keyAlgorithms.defaults]);
  const certificates = [...names].map((name) => `${name}-cert-v01@openssh.com`);
  const known = { defaults: certificates, supported: certificates };
  const wanted = list === undefined ? certificates : applyAlgorithmList(list, known);
  return [...certificates.filter((name) => wanted.includes(name)), ...algorithms].join(",");
}

/** A program that fails ends the login. */
const nothingKnown = "";

/** Answers with a line of a known_hosts file, or with none. */
function judgeHostKeys(
  hostKey: Attempt["hostKey"],
  onTrusted: () => void,
  onRefused: (error: unknown) => void,
): Answer {
  return async ([, reason, host, type, key = ""]) => {
    // Asked for to put the algorithms in their order: that is done.
    if (reason !== "HOSTNAME") return nothingKnown;
    const blob = Buffer.from(key, "base64");
    try {
      if (readKeyType(blob).includes("-cert-v01@")) {
        // `ssh` has the authorities, and takes the key without its certificate when none of them made that.
        const known = hostKey.findCertified(blob);
        return known === undefined ? nothingKnown : `${host} ${known.type} ${known.key}`;
      }
      await hostKey.verify(blob);
    } catch (error) {
      onRefused(error);
      return undefined;
    }
    onTrusted();
    return `${host} ${type} ${key}`;
  };
}

/** Why a master has not logged in. */
function explain(master: Master, progress: Progress): unknown {
  const { attempt, stuck, answers, isAsked } = progress;
  const { endpoint } = attempt;
  const { log, streamError } = master;
  if (stuck.aborted && !(stuck.reason instanceof Unanswered)) return stuck.reason;
  // The hop that carries this connection was lost, or the proxy command has ended.
  if (streamError !== undefined) return isOttoError(streamError) ? streamError : socketError(endpoint, streamError);
  if (isTooOld(log)) return transportError(endpoint, "the ssh in PATH is older than OpenSSH 8.5");
  const revocation = readRevocation(log);
  if (revocation !== undefined) return revokedByFileError(endpoint, revocation);
  const refusal = readCertificateRefusal(log);
  if (refusal !== undefined) return certificateError(endpoint, describe(refusal, secretsOf(endpoint)));
  const outcome = readLoginFailure(log);
  const { unanswered } = answers;
  // Somebody was asked already, and would be again.
  const isDenied = outcome.kind === "denied" || stuck.aborted || (isAsked() && outcome.isDrop);
  if (!isDenied) return connectError(endpoint, outcome.reason, new Error(outcome.said));
  const tried = listTried(log, progress, outcome.offered);
  const advice = tried.length === 1 && tried[0]?.startsWith("GSSAPI (") ? hintOfTicket : undefined;
  const word = stuck.aborted ? stuck.reason.word : outcome.kind === "denied" ? outcome.lastWord : "the server hung up";
  if (word !== undefined) tried.push(describe(word, secretsOf(endpoint)));
  return authError(endpoint, { tried, offered: outcome.offered, advice, unanswered });
}

const hintOfTicket = "Get a Kerberos ticket (kinit; klist shows those at hand), or give a key or a password.";

function listTried(log: string, { attempt, login, keys }: Progress, offered: readonly string[] | undefined): string[] {
  const problems = readKeyProblems(log);
  const labels = keys.map(({ key, path }) => {
    const name = "path" in key ? `key ${path}` : "key";
    return withProblem(name, problems.get(path), attempt.endpoint);
  });
  if (login.agent !== undefined) labels.push(`agent ${login.agent}`);
  const { pkcs11Provider } = attempt.endpoint;
  if (pkcs11Provider !== undefined) {
    labels.push(withProblem(`PKCS #11 provider ${pkcs11Provider}`, readProviderProblem(log), attempt.endpoint));
  }
  const isTaken = (method: string) => offered === undefined || offered.includes(method);
  if (attempt.endpoint.gssapi === true && isTaken("gssapi-with-mic")) {
    labels.push(withProblem("GSSAPI", readGssapiProblem(log), attempt.endpoint));
  }
  if (login.password !== undefined) labels.push(...["password", "keyboard-interactive"].filter(isTaken));
  return labels;
}

function withProblem(label: string, problem: string | undefined, endpoint: SshEndpoint): string {
  return problem === undefined ? label : `${label} (${describe(problem, secretsOf(endpoint))})`;
}
