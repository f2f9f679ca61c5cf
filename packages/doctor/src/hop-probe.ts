import { lookup } from "node:dns/promises";
import { connect, isIP } from "node:net";
import type { Duplex } from "node:stream";
import { cleanText, isOttoError, startDeadline } from "@otto/errors";
import { openSshSession, type SshEndpoint, type SshEvent, type SshPromptHandler, type SshRoute } from "ssh2-streamer";
import { bad, type Finding, type Judged, ok } from "./finding.js";
import { cannotForward, judgeStranded, type ProbedHost } from "./forwarding.js";
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
 * Checks the connection to the last host of a route: name, port, banner, host key, login. What a proxy command does of
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
  if (endpoint.proxyCommand === undefined && !(yield* probeServer(endpoint, before, signal))) return undefined;
  const events: SshEvent[] = [];
  const session = openSshSession(route, { env, signal, onPrompt, onEvent: (event) => events.push(event) });
  const { hostKey, login } = await probeLogin({ session, events }, signal);
  yield at("host-key", hostKey);
  if (login !== undefined) yield at("login", login);
  if (login?.status === "ok") return { session, events };
  await session.close();
  return undefined;
}

/** Checks name, port and banner; says whether a login can be tried. */
async function* probeServer(
  endpoint: SshEndpoint,
  before: ProbedHost | undefined,
  signal: AbortSignal,
): AsyncGenerator<Finding, boolean> {
  const at = (check: Finding["check"], judged: Judged): Finding => ({ machine: endpoint.name, check, ...judged });
  const name = await probeName(endpoint, before, signal);
  yield at("name", name);
  if (name.status === "failed") return false;
  const port = await probePort(endpoint, before, signal);
  if (before !== undefined && port.banner === undefined && (await cannotForward(before, signal))) {
    yield { machine: before.session.name, check: "forwarding", ...judgeStranded(endpoint.name) };
    return false;
  }
  yield at("tcp", port.tcp);
  if (port.banner === undefined) return false;
  yield at("banner", port.banner);
  return port.banner.status !== "failed";
}

/** getent(1): one or more supplied keys could not be found. */
const unknownToGetent = 2;

function leftToHop(host: string, { session }: ProbedHost): string {
  return `${host}: left to ${session.name}`;
}

async function probeName({ host }: SshEndpoint, before: ProbedHost | undefined, signal: AbortSignal): Promise<Judged> {
  if (isIP(host) !== 0) return ok(`${host} is an address`);
  try {
    if (before === undefined) return ok(`${host} is ${(await lookup(host)).address}`);
    const limits = { signal, timeoutMs: probeTimeoutMs };
    const { exitCode, stdout } = await before.session.exec(["getent", "hosts", host], limits);
    if (exitCode === 0) return ok(`${host} is ${cleanText(stdout.toString()).split(/\s/)[0] ?? "known"}`);
    // Without getent nobody can tell before the connection does.
    if (exitCode !== unknownToGetent) return ok(leftToHop(host, before));
  } catch (error) {
    signal.throwIfAborted();
    // A login that forwards needs to run nothing.
    if (before !== undefined && isOttoError(error, "SSH_CHANNEL_REFUSED")) return ok(leftToHop(host, before));
    // Whatever kept it from being resolved, it is not.
  }
  const where = before === undefined ? "this machine" : before.session.name;
  return bad("failed", "DOCTOR_NAME_UNRESOLVED", {
    text: `${where} does not know the name ${host}`,
    hint: `Check its spelling, or use an address; it is ${where} that must resolve it.`,
  });
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

async function probeLogin(
  { session, events }: ProbedHost,
  signal: AbortSignal,
): Promise<{ hostKey: Judged; login?: Judged }> {
  const { name } = session;
  const isTrusted = () => events.some((event) => event.type === "ssh.host-key-trusted" && event.hop === name);
  try {
    await session.connect(signal);
    return { hostKey: ok("trusted"), login: ok("let in") };
  } catch (error) {
    signal.throwIfAborted();
    if (!isOttoError(error)) throw error;
    const judge = (text: string) =>
      bad("failed", error.code, { text, hint: error.hint ?? `See sshd's log on ${name}.` });
    if (/^SSH_(HOST_KEY|KNOWN_HOSTS)_/.test(error.code)) return { hostKey: judge(error.message) };
    if (isTrusted()) return { hostKey: ok("trusted"), login: judge(error.message) };
    return { hostKey: judge(`not reached: ${error.message}`) };
  }
}
