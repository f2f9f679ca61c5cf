import { isOttoError, startDeadline } from "@otto/errors";
import { portTools, type SshEvent, type SshSession } from "ssh2-streamer";
import { bad, type Judged, notReached, ok } from "./finding.js";
import { judgeSessions } from "./verdicts.js";

/** A session, and what it reported meanwhile. */
export interface ProbedSession {
  readonly session: SshSession;
  readonly events: readonly SshEvent[];
}

/** A host that was reached. */
export interface ProbedHost extends ProbedSession {
  /** What its server calls itself; empty where nobody saw it. */
  readonly server: string;
}

const askedSessions = 4;

/** A server that takes a question and never answers it. */
const probeTimeoutMs = 15_000;

/** Asks for a few sessions at once. */
export async function probeSessions({ session, events, server }: ProbedHost, signal: AbortSignal): Promise<Judged> {
  using deadline = startDeadline(probeTimeoutMs, signal);
  try {
    // Each waits for a line, so that all of them are open together.
    const started = await Promise.all(
      Array.from({ length: askedSessions }, () =>
        session.spawn(["cat"], { signal: deadline.signal, lifetime: "long" }),
      ),
    );
    for (const { stdin, stdout, stderr } of started) {
      stdout.resume();
      stderr.resume();
      stdin.end();
    }
    await Promise.all(started.map(({ exit }) => exit));
  } catch (error) {
    signal.throwIfAborted();
    if (!isOttoError(error) && !deadline.passed) throw error;
    return bad("failed", "DOCTOR_NO_SESSIONS", {
      text: deadline.passed ? `no session within ${probeTimeoutMs} ms` : (error as Error).message,
      hint: "Allow sessions (in its sshd_config: MaxSessions, no ForceCommand), or give the login a shell.",
    });
  }
  const limits = events.flatMap((event) => (event.type === "ssh.session-limit" ? [event.limit] : []));
  return judgeSessions(askedSessions, limits.at(-1), server);
}

/** Whether a hop forwards nothing, and a program on it is used in place of that. */
export function isReplaced({ session, events }: ProbedSession): boolean {
  return events.some((event) => event.type === "ssh.forwarding-replaced" && event.hop === session.name);
}

/** Whether a hop forwarded, or a program on it had to. */
export function judgeHopForwarding(hop: ProbedSession, next: string): Judged {
  if (!isReplaced(hop)) return ok(`reaches ${next}`);
  return bad("warning", "DOCTOR_HOP_FORWARDING_OFF", {
    text: `its SSH server forwards nothing; a command on it reaches ${next}`,
    hint: "It works, one session for each connection; sshd's AllowTcpForwarding yes, or Dropbear without -j, makes it cheaper.",
  });
}

/** Whether a hop forwards nothing and has no program that would do it. */
export async function cannotForward(hop: ProbedSession, signal: AbortSignal): Promise<boolean> {
  if (!isReplaced(hop)) return false;
  const script = `for tool in ${portTools.join(" ")}; do command -v "$tool" && exit; done; exit 1`;
  try {
    return (await hop.session.exec(["sh", "-c", script], { signal, timeoutMs: probeTimeoutMs })).exitCode !== 0;
  } catch (error) {
    if (!isOttoError(error, "COMMAND_TIMED_OUT") && !isOttoError(error, "SSH_CHANNEL_REFUSED")) throw error;
    return true;
  }
}

export function judgeStranded(next: string): Judged {
  return bad("failed", "DOCTOR_HOP_CANNOT_FORWARD", {
    text: `its SSH server forwards nothing, and it has no program that reaches ${next}`,
    hint: "Set AllowTcpForwarding yes (or local) in its sshd_config, start Dropbear without -j, or install nc there.",
  });
}

/** Whether the engine's socket can be reached without a command; a server that does not answer forwards nothing. */
export async function forwardsSocket(session: SshSession, path: string, signal: AbortSignal): Promise<boolean> {
  using deadline = startDeadline(probeTimeoutMs, signal);
  try {
    (await session.dialSocket(path, { signal: deadline.signal })).destroy();
    return true;
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.passed || isOttoError(error, "SSH_FORWARDING_REFUSED")) return false;
    throw error;
  }
}

/** sshd has one answer for forwarding that is off and for a socket that nobody serves: the engine tells them apart. */
export function judgeSocketForwarding(isForwarded: boolean, engineAnswers: boolean): Judged {
  if (isForwarded) return ok("sockets are forwarded");
  if (!engineAnswers) return notReached("a refusal says nothing of forwarding while the engine does not answer");
  return bad("warning", "DOCTOR_SOCKET_FORWARDING_OFF", {
    text: "its SSH server forwards no sockets; `docker system dial-stdio` reaches the engine",
    hint: "It works, at some 20 ms and a session for each stream; sshd's AllowStreamLocalForwarding yes, or Dropbear 2024.84 or newer, makes it cheaper.",
  });
}
