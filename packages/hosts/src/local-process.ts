import { spawn } from "node:child_process";
import { OttoError } from "@otto/errors";
import type { ProcessExit, RemoteProcess, SpawnOptions } from "ssh2-streamer";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Starts a process on this machine, in a group of its own so that its children end with it.
 * @throws OttoError `HOST_COMMAND_NOT_STARTED` when there is no such program
 */
export async function spawnLocal(
  argv: readonly string[],
  options: SpawnOptions,
  env: Environment,
): Promise<RemoteProcess> {
  const [program, ...args] = argv;
  if (program === undefined) throw new TypeError("spawn: empty argv");
  options.signal?.throwIfAborted();
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...env, ...options.env },
    detached: true,
    stdio: "pipe",
  });
  const kill = (signal: NodeJS.Signals = "SIGTERM") => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, signal);
  };
  const exit = new Promise<ProcessExit>((resolve, reject) => {
    const abort = () => {
      kill("SIGKILL");
      reject(options.signal?.reason as Error);
    };
    options.signal?.addEventListener("abort", abort, { once: true });
    child.once("error", reject);
    child.once("close", (code, signal) => {
      options.signal?.removeEventListener("abort", abort);
      resolve({ exitCode: code ?? undefined, signal: signal ?? undefined });
    });
  });
  exit.catch(() => {});
  await started(child, program);
  return { stdin: child.stdin, stdout: child.stdout, stderr: child.stderr, exit, kill, resize: () => {} };
}

function started(child: ReturnType<typeof spawn>, program: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (cause: NodeJS.ErrnoException) => {
      const reason = cause.code === "ENOENT" ? "no such program on this machine" : cause.message;
      reject(new OttoError("HOST_COMMAND_NOT_STARTED", `running ${program}: ${reason}`, { cause }));
    });
  });
}
