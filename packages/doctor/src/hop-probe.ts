import { lookup } from "node:dns/promises";
import { connect, isIP } from "node:net";
import type { Duplex } from "node:stream";
import { cleanText, isOttoError, startDeadline } from "@otto/errors";
import { openSshSession, type SshEndpoint, type SshEvent, type SshPromptHandler, type SshRoute } from "ssh2-streamer";
import { bad, type Finding, type Judged, notReached, ok } from "./finding.js";
import {
  cannotForward,
  isReplaced,
  judgeHopForwarding,
  judgeStranded,
  type ProbedHost,
  type ProbedSession,
} from "./forwarding.js";
import { judgeBanner } from "./verdicts.js";

const probeTimeoutMs = 5000;

export interface HopProbe {
  /** Variables of programs of this machine, as a proxy command. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Asks a person for what a login needs; undefined: nobody is asked. */
  readonly onPrompt: SshPromptHandler | undefined;
  readonly signal: AbortSignal;
}

/**
 * Checks the connection to the last host of a route: name, port, banner, what speaks SSH here, handshake, host key, login. What a proxy command does of
 * that is left to it.
 * @param before the hop before it; undefined: this machine
 * @returns its session, which the caller closes, unless something failed
 */
export async function* probeHop(
  route: SshRoute,
  before: ProbedHost | undefined,
  { env, onPrompt, signal }: HopProbe,
): AsyncGenerator<Finding, ProbedHost | undefined> {
  const endpoint = route.at(-1) as SshEndpoint;
  const at = (check: Finding["check"], judged: Judged): Finding => ({ machine: endpoint.name, check, ...judged });
  const server = endpoint.proxyCommand === undefined ? yield* probeServer(endpoint, before, signal) : "";
  if (server === undefined) return undefined;
  const events: SshEvent[] = [];
  const session = openSshSession(route, { env, signal, onPrompt, onEvent: (event) => events.push(event) });
  const { handshake, hostKey, login } = await probeLogin({ session, events }, signal);
  yield at("ssh", judgeTransport(session.name, events));
  yield at("handshake", handshake);
  yield at("host-key", hostKey);
  yield at("login", login);
  if (login.status === "ok") return { session, events, server };
  await session.close();
  return undefined;
}

/** Checks name, port and banner, which it returns; undefined when there can be no login. */
async function* probeServer(
  endpoint: SshEndpoint,
  before: ProbedHost | undefined,
  signal: AbortSignal,
): AsyncGenerator<Finding, string | undefined> {
  const { name: machine, host } = endpoint;
  const at = (check: Finding["check"], judged: Judged): Finding => ({ machine, check, ...judged });
  const name = await probeName(endpoint, before, signal);
  if (name !== undefined) yield at("name", name);
  if (name?.status === "failed") return undefined;
  const port = await probePort(endpoint, before, signal);
  if (name === undefined) yield at("name", judgeLeftName(host, before, port.tcp));
  if (before !== undefined && port.banner === undefined && (await cannotForward(before, signal))) {
    yield { machine: before.session.name, check: "forwarding", ...judgeStranded(machine) };
    return undefined;
  }
  yield at("tcp", port.tcp);
  if (port.banner === undefined) return undefined;
  if (before !== undefined) {
    yield { machine: before.session.name, check: "forwarding", ...judgeHopForwarding(before, machine) };
  }
  yield at("banner", port.banner);
  return port.banner.status === "ok" ? port.banner.text : undefined;
}

/** getent(1): one or more supplied keys could not be found. */
const unknownToGetent = 2;

/** Undefined: nobody can tell before the connection does. */
async function probeName(
  { host }: SshEndpoint,
  before: ProbedHost | undefined,
  signal: AbortSignal,
): Promise<Judged | undefined> {
  if (isIP(host) !== 0) return ok(`${host} is an address`);
  if (before === undefined) {
    const found = await lookup(host).catch(() => undefined);
    return found === undefined ? judgeUnknownName(host, "this machine") : ok(`${host} is ${found.address}`);
  }
  try {
    const limits = { signal, timeoutMs: probeTimeoutMs };
    const { exitCode, stdout } = await before.session.exec(["getent", "hosts", host], limits);
    if (exitCode === 0) return ok(`${host} is ${cleanText(stdout.toString()).split(/\s/)[0] ?? "known"}`);
    // Without getent the hop cannot be asked.
    return exitCode === unknownToGetent ? judgeUnknownName(host, before.session.name) : undefined;
  } catch (error) {
    signal.throwIfAborted();
    // A login that forwards needs to run nothing.
    if (isOttoError(error)) return undefined;
    throw error;
  }
}

function judgeUnknownName(host: string, where: string): Judged {
  return bad("failed", "DOCTOR_NAME_UNRESOLVED", {
    text: `${where} does not know the name ${host}`,
    hint: `Check its spelling, or use an address; it is ${where} that must resolve it.`,
  });
}

function judgeLeftName(host: string, before: ProbedHost | undefined, tcp: Judged): Judged {
  const where = before?.session.name ?? "this machine";
  return tcp.status === "ok" ? ok(`${host}: resolved by ${where}`) : notReached(`${host}: left to ${where}`);
}

async function probePort(
  endpoint: SshEndpoint,
  before: ProbedHost | undefined,
  signal: AbortSignal,
): Promise<{ tcp: Judged; banner?: Judged }> {
  const { host, port = 22 } = endpoint;
  const address = `${host}:${port}`;
  using deadline = startDeadline(probeTimeoutMs, signal);
  let socket: Duplex | undefined;
  try {
    socket =
      before === undefined
        ? await dial(host, port, deadline.signal)
        : await before.session.dialTcp(host, port, deadline.signal);
    const line = await readLine(socket, deadline.signal);
    // A program of the hop does not tell whether it has connected.
    if (line === undefined && before !== undefined && isReplaced(before)) {
      throw new Error("its program on that hop says nothing");
    }
    return { tcp: ok(`${address} answers`), banner: judgeBanner(address, line) };
  } catch (error) {
    signal.throwIfAborted();
    const said = deadline.passed ? `no answer within ${probeTimeoutMs} ms` : cleanText((error as Error).message);
    const from = before === undefined ? "here" : before.session.name;
    return {
      tcp: bad("failed", "DOCTOR_PORT_CLOSED", {
        text: `${address} cannot be reached from ${from}: ${said}`,
        hint: "Check that sshd runs there, the port, and firewalls between; for a hop, that it may forward (AllowTcpForwarding).",
      }),
    };
  } finally {
    socket?.destroy();
  }
}

function dial(host: string, port: number, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const onAbort = () => socket.destroy(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    socket.on("error", reject);
    socket.once("connect", () => {
      signal.removeEventListener("abort", onAbort);
      resolve(socket);
    });
  });
}

/** The first line that comes, or undefined when none does. A hop's own tool fails only now: that is no silence. */
function readLine(socket: Duplex, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    let said = "";
    const finish = () => resolve(said === "" ? undefined : (cleanText(said).split("\n")[0] ?? "").slice(0, 80));
    socket.on("data", (chunk: Buffer) => {
      said += chunk.toString("latin1");
      if (said.includes("\n") || said.length > 255) finish();
    });
    socket.once("end", finish);
    socket.once("close", finish);
    socket.once("error", reject);
    signal.addEventListener("abort", finish, { once: true });
    // Not SSH, most likely: a server that waits to be asked.
    if (signal.aborted) finish();
  });
}

interface LoginProbe {
  readonly handshake: Judged;
  readonly hostKey: Judged;
  readonly login: Judged;
}

const unasked = notReached("not looked at: the login was not reached");

/** What speaks SSH to a machine, and why: of several that were tried, the last one. */
function judgeTransport(machine: string, events: readonly SshEvent[]): Judged {
  const chosen = events.findLast((event) => event.type === "ssh.transport" && event.hop === machine);
  if (chosen?.type !== "ssh.transport") return unasked;
  return ok(`by ${chosen.transport === "openssh" ? "OpenSSH's ssh" : "ssh2"}: ${cleanText(chosen.cause)}`);
}

async function probeLogin({ session, events }: ProbedSession, signal: AbortSignal): Promise<LoginProbe> {
  const { name } = session;
  const handshake = ok("algorithms and keys are agreed on");
  const hostKey = ok("trusted");
  try {
    await session.connect(signal);
    return { handshake, hostKey, login: ok("let in") };
  } catch (error) {
    signal.throwIfAborted();
    if (!isOttoError(error)) throw error;
    const failed = bad("failed", error.code, { text: error.message, hint: error.hint ?? `See sshd's log on ${name}.` });
    // It is read before anything is sent.
    if (error.code === "SSH_KNOWN_HOSTS_UNREADABLE") return { handshake: unasked, hostKey: failed, login: unasked };
    if (/^SSH_(HOST_KEY|KNOWN_HOSTS)_/.test(error.code)) return { handshake, hostKey: failed, login: unasked };
    const isTrusted = events.some((event) => event.type === "ssh.host-key-trusted" && event.hop === name);
    if (isTrusted || error.code === "SSH_AUTH_FAILED") return { handshake, hostKey, login: failed };
    return { handshake: failed, hostKey: unasked, login: unasked };
  }
}
