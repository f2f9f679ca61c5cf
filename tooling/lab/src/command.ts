import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Runs a program of the machine; a missing one is an error that says what to install. */
export async function runCommand(program: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await execute(program, [...args]);
    return stdout;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new Error(
      `lab: ${program} is missing. On Debian: apt-get install openssh-server openssh-client dropbear-bin`,
    );
  }
}
