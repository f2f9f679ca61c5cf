import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

/**
 * Runs a program of the machine; a missing one is an error that says what to install.
 * @param stdin what it reads. Default: nothing
 * @returns its stdout
 */
export async function runCommand(program: string, args: readonly string[], stdin = ""): Promise<string> {
  try {
    const running = execute(program, [...args], { maxBuffer: 2 ** 26 });
    // One that does not read all of it says why.
    running.child.stdin?.on("error", () => {}).end(stdin);
    const { stdout } = await running;
    return stdout;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new Error(
      `lab: ${program} is missing. On Debian: apt-get install openssh-server openssh-client dropbear-bin`,
    );
  }
}
