import { spawn } from "node:child_process";
import { once } from "node:events";
import { toExitCode } from "ssh2-streamer";
import type { LoginOptions, LoginTerminal } from "../process/login.js";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Gives the user's terminal to a login shell on this machine. The shell has the terminal itself, which knows its size,
 * keys and job control.
 */
export async function loginLocal(terminal: LoginTerminal, options: LoginOptions, env: Environment): Promise<number> {
  const { input, output } = terminal;
  if (input.fd === undefined || output.fd === undefined) {
    throw new TypeError("a login on this machine needs a terminal with a file descriptor");
  }
  options.signal?.throwIfAborted();
  // Two readers would share what is typed.
  input.pause();
  const shell = spawn(env.SHELL || "/bin/sh", ["-l"], {
    stdio: [input.fd, output.fd, output.fd],
    env: { ...env, ...(options.term !== undefined && { TERM: options.term }) },
  });
  const hangUp = () => shell.kill("SIGHUP");
  options.signal?.addEventListener("abort", hangUp, { once: true });
  try {
    const [exitCode, signal] = (await once(shell, "exit")) as [number | null, string | null];
    options.signal?.throwIfAborted();
    return toExitCode({ exitCode: exitCode ?? undefined, ...(signal !== null && { signal }) });
  } finally {
    options.signal?.removeEventListener("abort", hangUp);
  }
}
