import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import type { Measured } from "./measured.js";
import { watchProcesses } from "./watch-processes.js";

export interface CommandSettings {
  readonly cwd?: string;
  readonly env: NodeJS.ProcessEnv;
  /** Keeps only the size and the digest of stdout. */
  readonly digest?: boolean;
}

export interface CommandOutput {
  /** Empty with `digest`. */
  readonly stdout: string;
  readonly stdoutBytes: number;
  /** SHA-256 in hexadecimal; only with `digest`. */
  readonly stdoutDigest: string | undefined;
}

/**
 * Runs a command to its end.
 * @throws Error with the end of its output, for an exit code other than 0
 */
export async function measureCommand(
  argv: readonly string[],
  settings: CommandSettings,
): Promise<Measured<CommandOutput>> {
  const [program = "", ...args] = argv;
  const { cwd, env, digest } = settings;
  const startedAt = performance.now();
  const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const closed = once(child, "close");
  const processes = watchProcesses(child.pid ?? 0);
  const hash = digest === true ? createHash("sha256") : undefined;
  const chunks: Buffer[] = [];
  const errors: Buffer[] = [];
  let stdoutBytes = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    stdoutBytes += chunk.length;
    if (hash === undefined) chunks.push(chunk);
    else hash.update(chunk);
  });
  child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
  const [exitCode]: (number | null)[] = await closed;
  const ms = performance.now() - startedAt;
  const peak = processes.stop();
  const stdout = Buffer.concat(chunks).toString();
  if (exitCode !== 0) throw new Error(formatFailure(argv, exitCode, Buffer.concat(errors).toString() || stdout));
  return { ms, ...peak, output: { stdout, stdoutBytes, stdoutDigest: hash?.digest("hex") } };
}

const keptCharacters = 500;

function formatFailure(argv: readonly string[], exitCode: number | null | undefined, output: string): string {
  return `${argv.join(" ").slice(0, keptCharacters)}: exit code ${exitCode}: ${output.trim().slice(-keptCharacters)}`;
}
