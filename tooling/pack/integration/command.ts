import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

export interface CommandOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Runs a program to its end and gives what it printed, both streams joined.
 * @throws Error with the output when it fails
 */
export async function runCommand(argv: readonly [string, ...string[]], options: CommandOptions): Promise<string> {
  const [program, ...words] = argv;
  const env = { ...process.env, ...options.env };
  try {
    const { stdout, stderr } = await execute(program, words, { cwd: options.cwd, env, maxBuffer: 2 ** 26 });
    return stdout + stderr;
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`${argv.join(" ")} in ${options.cwd} failed:\n${stdout}${stderr}`, { cause: error });
  }
}
