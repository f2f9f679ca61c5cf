import { appendFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { runCommand } from "./command.js";
import { keepRunning } from "./keeper.js";
import { findFreePort } from "./ports.js";
import { readPid, type Sshd, type SshdFiles } from "./sshd.js";

/** What `tooling/world-kinds/dropbear.sh` makes root's home. Sessions of all hosts have it as their HOME. */
export const dropbearHome = "/run/dropbear-home";

/** Starts Dropbear's server, which lets in the user whose home {@link SshdFiles.homePath} is. */
export async function startDropbear(files: SshdFiles, port?: number): Promise<Sshd> {
  const listenPort = port ?? (await findFreePort());
  const [pidPath, logPath] = [join(files.directory, "sshd.pid"), join(files.directory, "sshd.log")];
  await authorizeKeys(files);
  const hostKeys = await convertHostKeys(files);
  await writeFile(logPath, "", { flag: "a" });
  await rm(pidPath, { force: true });
  const args = ["-F", "-E", "-s", "-p", `127.0.0.1:${listenPort}`, "-P", pidPath];
  // It hands on what its parent ignores; sshd does not, nor would the machine's own init make it ignore anything.
  const script = 'log=$1; shift; exec env --default-signal dropbear "$@" 2>>"$log"';
  const keeper = keepRunning("sh", ["-c", script, "sh", logPath, ...args, ...hostKeys.flatMap((path) => ["-r", path])]);
  // It writes this when it listens.
  const pid = await readPid(pidPath);
  return { port: listenPort, pid, logPath, stop: () => keeper.release() };
}

/**
 * Whether a lab must make a user for it: older releases look for keys nowhere but in the login's home, which must not be
 * that of the user who runs the tests.
 */
export function dropbearNeedsUser(): boolean {
  return userInfo().homedir !== dropbearHome;
}

async function authorizeKeys({ homePath, authorizedKeysPath }: SshdFiles): Promise<void> {
  const directory = join(homePath, ".ssh");
  // It is root's; a user that the lab made reads it.
  await mkdir(directory, { recursive: true, mode: 0o755 });
  await appendFile(join(directory, "authorized_keys"), await readFile(authorizedKeysPath), { mode: 0o644 });
}

// They are in a form of its own.
async function convertHostKeys({ hostKeys }: SshdFiles): Promise<string[]> {
  const convert = async (path: string) => {
    await runCommand("dropbearconvert", ["openssh", "dropbear", path, `${path}.dropbear`]);
    return `${path}.dropbear`;
  };
  return Promise.all(hostKeys.map((key) => convert(key.privateKeyPath)));
}
