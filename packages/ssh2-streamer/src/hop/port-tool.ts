import { OttoError } from "@otto/errors";
import { formatCommandLine } from "../command/command-line.js";
import type { SshEndpoint } from "../route/endpoint.js";

/** Programs that make a stream of a port. */
export const portTools: readonly string[] = ["nc", "ncat", "socat", "busybox", "bash"];

export interface PortScriptOptions {
  /** Shell text that may become a program that is preferred. Default: none. */
  readonly preferred?: string | undefined;
  /** What is looked for, for the error when nothing is there. Default {@link portTools}. */
  readonly names?: readonly string[] | undefined;
  /** Run before a program that does not tell whether it is connected. Default: nothing. */
  readonly onConnecting?: string | undefined;
  /** Run when bash is connected. Default: nothing. */
  readonly onConnected?: string | undefined;
  /**
   * Whether what the server says long after the end of stdin counts more than that the script ends with the server's side:
   * socat has either. Default false.
   */
  readonly waitsForServer?: boolean | undefined;
}

/**
 * A script of a POSIX shell that joins its stdin and stdout to a port by the best of {@link portTools} that is there, else
 * exits 127. Its arguments are host and port. bash's own redirection is last: it is two processes.
 */
export function formatPortScript(options: PortScriptOptions = {}): string {
  const { preferred = "", names = portTools, onConnecting = ":", onConnected = ":", waitsForServer = false } = options;
  const trySocat = (flags: string) => `if has socat; then ${onConnecting}; exec socat ${flags}- "TCP:$1:$2"; fi`;
  return `
has() { command -v "$1" >/dev/null 2>&1; }
${preferred}
${waitsForServer ? trySocat("-t 86400 ") : ""}
if has ncat; then ${onConnecting}; exec ncat "$1" "$2"; fi
if has nc; then
  ${onConnecting}
  case $(nc -h 2>&1) in *-N*) exec nc -N "$1" "$2" ;; *) exec nc "$1" "$2" ;; esac
fi
${waitsForServer ? "" : trySocat("")}
if has busybox && busybox nc --help >/dev/null 2>&1; then ${onConnecting}; exec busybox nc "$1" "$2"; fi
if has bash; then
  exec bash -c 'exec 3<>"/dev/tcp/$1/$2" || exit 1; ${onConnected}; cat <&3 & cat >&3; wait' bash "$1" "$2"
fi
echo "none of ${names.join(", ")} is there" >&2
exit 127
`;
}

/** The command line that joins its stdin and stdout to a port. */
export function formatPortCommand(host: string, port: number): string {
  return formatCommandLine(["sh", "-c", formatPortScript(), "otto-port", host, String(port)], { tellsPid: "both" });
}

/** The error of a process that runs {@link formatPortCommand}. */
export function explainPortFailure(hop: SshEndpoint, target: string, stderr: string): OttoError {
  return new OttoError(
    "SSH_FORWARDING_REFUSED",
    `opening ${target} through ${hop.name}: its sshd forwards nothing, and by command: ${stderr || "no connection"}`,
    {
      hint: `Allow TCP forwarding on ${hop.name} (AllowTcpForwarding), or install nc there; check that ${target} answers.`,
      details: { hop: hop.name, target },
    },
  );
}
