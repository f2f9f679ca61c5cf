import { execFileSync } from "node:child_process";

/** Runs a command that is not measured and returns its stdout. @throws Error for an exit code other than 0 */
export function run(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], maxBuffer: 1 << 28 });
}

/** Runs one line of sh, with `$1`, `$2`, … for the arguments. */
export function sh(line: string, ...args: readonly string[]): string {
  const [program, ...words] = shellArgv(line, ...args);
  return run(program, ...words);
}

/** A command that runs one line of sh, with `$1`, `$2`, … for the arguments. */
export function shellArgv(line: string, ...args: readonly string[]): readonly [string, ...string[]] {
  return ["sh", "-c", line, "sh", ...args];
}

/** @throws Error with both values if they differ */
export function expectEqual(what: string, found: unknown, expected: unknown): void {
  const [is, should] = [JSON.stringify(found), JSON.stringify(expected)];
  if (is !== should) throw new Error(`${what}: ${is?.slice(0, 200)}, expected ${should?.slice(0, 200)}`);
}
