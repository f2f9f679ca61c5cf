import { spawn } from "node:child_process";
import { buffer } from "node:stream/consumers";

export interface ReferenceResult {
  /** 124 when it took too long. */
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

export interface ReferenceOptions {
  readonly cwd?: string | undefined;
  /** Default: this process's. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly stdin?: Buffer | undefined;
  /** Default 60. */
  readonly seconds?: number | undefined;
}

// A reference may be what hangs or takes all memory: `docker compose` does on some YAML.
const maxDataBytes = 2 * 1024 ** 3;

/** Runs a reference program, its children included, within bounds of time and memory. */
export async function askReference(argv: readonly string[], options: ReferenceOptions = {}): Promise<ReferenceResult> {
  const { seconds = 60 } = options;
  const bounds = ["--kill-after=2", String(seconds), "prlimit", `--data=${maxDataBytes}`, "--"];
  const end = Date.now() + seconds * 1000;
  const { PATH = "" } = process.env;
  const env = options.env === undefined ? process.env : { PATH, ...options.env };
  const child = spawn("timeout", [...bounds, ...argv], { cwd: options.cwd, env, stdio: "pipe" });
  const ended = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 255));
  });
  // One that ends before it has read everything is no failure.
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.stdin);
  const [exitCode, stdout, stderr] = await Promise.all([ended, buffer(child.stdout), buffer(child.stderr)]);
  // A command that kills itself has that exit code, too.
  const isKilled = exitCode === 137 && Date.now() >= end;
  if (isKilled || (exitCode === 124 && stdout.length === 0 && stderr.length === 0))
    throw new Error(`no answer in time: ${argv.join(" ")}`);
  return { exitCode, stdout, stderr };
}

/** The output of a reference that must succeed. */
export async function requireReference(argv: readonly string[], options: ReferenceOptions = {}): Promise<string> {
  const { exitCode, stdout, stderr } = await askReference(argv, options);
  if (exitCode === 0) return stdout.toString();
  throw new Error(`${argv.join(" ")}: exit code ${exitCode}\n${stderr.toString()}`);
}
