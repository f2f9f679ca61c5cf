import { describeMembership, type SwarmMembership } from "@otto/engine";
import type { ComposeVersion } from "@otto/hosts";
import { bad, type Judged, notReached, ok } from "./finding.js";

const oldestCompose = { major: 2, minor: 6 };
const leastFreeBytes = 1 << 30;
const fewFreeBytes = 5 * 2 ** 30;
const mostSkewMs = 30_000;

/** A port that was dialled. `reply`: the first line that came, undefined when none did. */
export function judgeBanner(address: string, reply: string | undefined): Judged {
  if (reply?.startsWith("SSH-2.0-") || reply?.startsWith("SSH-1.99-")) return ok(reply);
  const text =
    reply === undefined ? `${address} takes the connection and says nothing` : `${address} is not SSH's port`;
  if (reply === undefined) {
    return bad("failed", "DOCTOR_NO_BANNER", {
      text,
      hint: "sshd may be overloaded, at its MaxStartups limit, or behind a firewall that swallows; see its log.",
    });
  }
  return bad("failed", "DOCTOR_NOT_SSH", { text: `${text}: it says ${reply}`, hint: "Check ssh_options.port." });
}

/** How many sessions one connection was seen to give of those asked for. `server`: what it calls itself. */
export function judgeSessions(asked: number, limit: number | undefined, server: string): Judged {
  if (limit === undefined || limit >= asked) return ok(`at least ${asked} on one connection`);
  if (server.includes("dropbear_")) {
    return bad("warning", "DOCTOR_FEW_SESSIONS", {
      text: `${server}: ${limit} at once on a connection, for this release closes sessions when another one ends`,
      hint: "Calls wait for one another or need further connections; Dropbear 2024.86 and newer have no such limit.",
    });
  }
  return bad("warning", "DOCTOR_FEW_SESSIONS", {
    text: `the server opens ${limit} at once on a connection`,
    hint: "Calls wait for one another or need further connections; sshd's default is MaxSessions 10.",
  });
}

/** What stands where the engine's socket should be, as the login sees it. */
export function judgeSocket(path: string, seen: "missing" | "no-socket" | "denied" | "ok"): Judged {
  if (seen === "ok") return ok(path);
  if (seen === "denied") {
    return bad("failed", "DOCTOR_SOCKET_DENIED", {
      text: `the login may not use ${path}`,
      hint: "Add the login to the socket's group (usually: sudo usermod -aG docker LOGIN) and log in again.",
    });
  }
  return bad("failed", "DOCTOR_SOCKET_MISSING", {
    text: seen === "missing" ? `${path} is not there` : `${path} is no socket`,
    hint: "Start the engine (systemctl start docker), or set docker.socket to its path.",
  });
}

/** Programs that stacks need beside docker. */
export function judgePrograms(missing: readonly string[]): Judged {
  if (missing.length === 0) return ok("all that stacks need");
  return bad("failed", "DOCTOR_PROGRAM_MISSING", {
    text: `${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} not on the PATH of the login's commands, or too limited`,
    hint: "Install coreutils, util-linux (flock), sed and tar there.",
  });
}

/** `argv` of the docker client, and where the shell found its first word. */
export function judgeDocker(argv: readonly string[], path: string | undefined): Judged {
  if (path !== undefined) return ok(path);
  return bad("failed", "DOCTOR_DOCKER_MISSING", {
    text: `${argv[0] ?? "docker"} is not on the PATH of the login's commands`,
    hint: "Install the docker client there, or set docker.command to its full path.",
  });
}

/** A docker client that is there and does not run. */
export function judgeBrokenDocker(argv: readonly string[], said: string): Judged {
  return bad("failed", "DOCTOR_DOCKER_FAILED", {
    text: `\`${argv.join(" ")} --version\` fails: ${said === "" ? "it says nothing" : said}`,
    hint: "docker.command must run for the login, and ask nothing: for sudo that is a NOPASSWD rule.",
  });
}

interface SeenEngine {
  readonly product: string;
  readonly version: string;
  readonly apiVersion: string;
  readonly isSupported: boolean;
}

export function judgeEngine(engine: SeenEngine): Judged {
  const text = `${engine.product} ${engine.version}, API ${engine.apiVersion}`;
  if (engine.isSupported) return ok(text);
  return bad("failed", "DOCTOR_ENGINE_TOO_OLD", {
    text: `${text}: too old`,
    hint: "Install Docker 20.10 or newer there.",
  });
}

export function judgeBuildKit(hasBuildKit: boolean): Judged {
  if (hasBuildKit) return ok("the engine builds with it");
  return bad("warning", "DOCTOR_NO_BUILDKIT", {
    text: "the engine has none",
    hint: "Contexts are sent whole at each build, and build secrets do not work; use Docker 20.10 or newer on Linux.",
  });
}

interface SeenClient {
  readonly command: readonly string[];
  readonly socketPath: string;
  /** Whether an engine answered it. */
  readonly answers: boolean;
  /** The address that it asks; undefined when it did not say. */
  readonly asked: string | undefined;
  /** The address that the login's own `docker` asks; undefined when that is of no interest. */
  readonly usual: string | undefined;
}

/** The docker client, by which Compose asks the engine. */
export function judgeClient({ command, socketPath, answers, asked, usual }: SeenClient): Judged {
  const wanted = `unix://${socketPath}`;
  const client = `\`${command.join(" ")}\``;
  if (answers && asked === undefined) return notReached(`${client} does not say which engine it asks`);
  if (!answers || !isSameAddress(asked ?? "", wanted)) {
    const text = answers ? `asks ${asked} in place of ${wanted}` : `gets no answer from ${wanted}`;
    return bad("failed", "DOCTOR_CLIENT_ELSEWHERE", {
      text: `${client} ${text}: Compose would not use the engine that builds`,
      hint: "Set docker.command to a docker client that takes -H, and docker.socket to the engine's socket.",
    });
  }
  if (usual !== undefined && !isSameAddress(usual, wanted)) {
    return bad("warning", "DOCTOR_LOGIN_ELSEWHERE", {
      text: `\`docker ps\` of the login asks ${usual}; otto builds and runs on ${wanted}`,
      hint: "To use that engine, set docker.socket to its socket.",
    });
  }
  return ok("asks the same engine, and so does Compose");
}

function isSameAddress(one: string, other: string): boolean {
  const [a, b] = [one, other].map((address) => address.replace("unix:///var/run/", "unix:///run/"));
  return a === b;
}

/** Undefined: there is none. */
export function judgeCompose(version: ComposeVersion | undefined): Judged {
  if (version === undefined) {
    return bad("failed", "DOCTOR_COMPOSE_MISSING", {
      text: "docker has no command `compose`",
      hint: "Install the Compose plugin there (docker-compose-plugin, or Debian's docker-compose).",
    });
  }
  const { text, major, minor } = version;
  const isOld = major === oldestCompose.major ? minor < oldestCompose.minor : major < oldestCompose.major;
  if (!isOld) return ok(text);
  return bad("failed", "DOCTOR_COMPOSE_TOO_OLD", {
    text: `${text}; ${oldestCompose.major}.${oldestCompose.minor} is the oldest that is supported`,
    hint: "Install a newer Compose plugin there.",
  });
}

/** Free bytes where the engine keeps images. `directory`: what was looked at. */
export function judgeDisk(directory: string, freeBytes: number): Judged {
  const text = `${(freeBytes / 2 ** 30).toFixed(1)} GiB free in ${directory}`;
  const hint = "Make room: docker image prune, docker builder prune.";
  if (freeBytes < leastFreeBytes) return bad("failed", "DOCTOR_DISK_FULL", { text, hint });
  return freeBytes < fewFreeBytes ? bad("warning", "DOCTOR_DISK_LOW", { text, hint }) : ok(text);
}

/** Whether an engine deploys stacks on a swarm. */
export function judgeSwarm(membership: SwarmMembership): Judged {
  const missing = describeMembership(membership);
  if (missing === undefined) return ok("it is a manager");
  return bad("failed", "DOCTOR_SWARM_NOT_MANAGER", { text: missing.reason, hint: missing.hint });
}

/** How far the machine's clock is from ours, less what the question took. Its clock tells whole seconds. */
export function judgeClock(skewMs: number): Judged {
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  if (Math.abs(skewMs) <= mostSkewMs) return ok("as here, to within 30 s");
  return bad("failed", "DOCTOR_CLOCK_SKEWED", {
    text: `${seconds} s ${skewMs > 0 ? "ahead" : "behind"}`,
    hint: "Registries' certificates and log times go wrong; set its clock (timedatectl set-ntp true).",
  });
}
