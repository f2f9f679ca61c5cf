import { isOttoError, startDeadline } from "@otto/errors";
import { portTools, type SshEvent, type SshSession } from "ssh2-streamer";
import { bad, type Judged, ok } from "./finding.js";
import { judgeSessions } from "./verdicts.js";

/** A host that was reached, and what its session reported meanwhile. */
export interface ProbedHost {
  readonly session: SshSession;
  readonly events: readonly SshEvent[];
}

const askedSessions = 4;

/** A server that takes a question and never answers it. */
const probeTimeoutMs = 15_000;

/** Asks for a few sessions at once. */
export async function probeSessions({ session, events }: ProbedHost, signal: AbortSignal): Promise<Judged> {
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
      hint: "Allow sessions in its sshd_config (MaxSessions, no ForceCommand), or give the login a shell.",
    });
  }
  const limits = events.flatMap((event) => (event.type === "ssh.session-limit" ? [event.limit] : []));
  return judgeSessions(askedSessions, limits.at(-1));
}

/** Whether a hop forwarded, or a tool on it had to. */
export function judgeHopForwarding({ session, events }: ProbedHost, next: string): Judged {
  const replaced = events.find((event) => event.type === "ssh.forwarding-replaced" && event.hop === session.name);
  if (replaced === undefined) return ok(`reaches ${next}`);
  return bad("warning", "DOCTOR_HOP_FORWARDING_OFF", {
    text: `its sshd forwards nothing; a command on it reaches ${next}`,
    hint: "It works, one session for each connection; AllowTcpForwarding yes makes it cheaper.",
  });
}

/** Whether a hop forwards nothing and has no program that would do it. */
export async function cannotForward({ session, events }: ProbedHost, signal: AbortSignal): Promise<boolean> {
  if (!events.some((event) => event.type === "ssh.forwarding-replaced" && event.hop === session.name)) return false;
  const script = `for tool in ${portTools.join(" ")}; do command -v "$tool" && exit; done; exit 1`;
  try {
    return (await session.exec(["sh", "-c", script], { signal, timeoutMs: probeTimeoutMs })).exitCode !== 0;
  } catch (error) {
    if (!isOttoError(error, "COMMAND_TIMED_OUT") && !isOttoError(error, "SSH_CHANNEL_REFUSED")) throw error;
    return true;
  }
}

export function judgeStranded(next: string): Judged {
  return bad("failed", "DOCTOR_HOP_CANNOT_FORWARD", {
    text: `its sshd forwards nothing, and it has no program that reaches ${next}`,
    hint: "Set AllowTcpForwarding yes (or local) in its sshd_config, or install nc there.",
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
export function judgeSocketForwarding(isForwarded: boolean, engineAnswers: boolean): Judged | undefined {
  if (isForwarded) return ok("sockets are forwarded");
  if (!engineAnswers) return undefined;
  return bad("warning", "DOCTOR_SOCKET_FORWARDING_OFF", {
    text: "its sshd forwards no sockets; `docker system dial-stdio` reaches the engine",
    hint: "It works, at some 20 ms and a session for each stream; AllowStreamLocalForwarding yes makes it cheaper.",
  });
}
