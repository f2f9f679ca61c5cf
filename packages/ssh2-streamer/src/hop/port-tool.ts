import { OttoError } from "@otto/errors";
import { formatCommandLine } from "../command/command-line.js";
import type { SshEndpoint } from "../route/endpoint.js";

// Any of these makes a stream of a port. bash's own redirection is last: it is two processes.
const script = `
if command -v nc >/dev/null 2>&1; then exec nc "$1" "$2"; fi
if command -v ncat >/dev/null 2>&1; then exec ncat "$1" "$2"; fi
if command -v socat >/dev/null 2>&1; then exec socat - "TCP:$1:$2"; fi
if command -v busybox >/dev/null 2>&1 && busybox nc --help >/dev/null 2>&1; then exec busybox nc "$1" "$2"; fi
if command -v bash >/dev/null 2>&1; then
  exec bash -c 'exec 3<>"/dev/tcp/$1/$2" || exit 1; cat <&3 & cat >&3; wait' bash "$1" "$2"
fi
echo "none of nc, ncat, socat, busybox, bash is there" >&2
exit 127
`;

/** The command line that joins its stdin and stdout to a port. */
export function formatPortCommand(host: string, port: number): string {
  return formatCommandLine(["sh", "-c", script, "otto-port", host, String(port)], { tellsPid: true });
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
