import { access, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { keepRunning } from "./keeper.js";
import type { KeyPair } from "./keys.js";
import { endOfLog, waitForLog } from "./log-file.js";
import type { HostOptions } from "./options.js";
import { findFreePort } from "./ports.js";

const program = "/usr/sbin/sshd";
// It takes less than one; a machine may be busy.
const startTimeoutMs = 60_000;

export interface Sshd {
  readonly port: number;
  readonly pid: number;
  readonly logPath: string;
  stop(): Promise<void>;
}

export interface SshdFiles {
  /** Of this host alone; exists. */
  readonly directory: string;
  readonly authorizedKeysPath: string;
  readonly hostKeys: readonly KeyPair[];
  /** What sessions get as HOME. */
  readonly homePath: string;
}

/** Throws an error that says what to install when there is no sshd. */
export async function assertSshd(): Promise<void> {
  try {
    await access(program);
  } catch {
    throw new Error(`lab: ${program} is missing. On Debian: apt-get install openssh-server openssh-client`);
  }
  // sshd's privilege separation directory; nobody made it where no system sshd runs.
  if (process.getuid?.() === 0) await mkdir("/run/sshd", { recursive: true, mode: 0o755 });
}

/** Starts sshd on `port`, or on a free one, and waits until it listens. */
export async function startSshd(files: SshdFiles, options: HostOptions, port?: number): Promise<Sshd> {
  const listenPort = port ?? (await findFreePort());
  const configPath = join(files.directory, "sshd_config");
  const pidPath = join(files.directory, "sshd.pid");
  const logPath = join(files.directory, "sshd.log");
  const listenAddress = `127.0.0.1:${listenPort}`;
  const hostKeyPaths = files.hostKeys.map((key) => key.privateKeyPath);
  await writeFile(configPath, formatConfig({ ...files, listenAddress, pidPath, hostKeyPaths }, options));
  const offset = await endOfLog(logPath);
  await rm(pidPath, { force: true });
  const keeper = keepRunning(program, ["-D", "-f", configPath, "-E", logPath]);
  try {
    await waitForLog(logPath, offset, sshdLog);
  } catch (error) {
    await keeper.release();
    throw error;
  }
  const pid = await readPid(pidPath);
  return { port: listenPort, pid, logPath, stop: () => keeper.release() };
}

/** What an sshd says when it listens, and when it will not. */
export const sshdLog = { ready: /Server listening on/, failed: /fatal:|error: Bind/ };

/** Where an sshd listens and finds its files. */
export interface SshdPaths {
  /** `address:port` */
  readonly listenAddress: string;
  readonly pidPath: string;
  readonly hostKeyPaths: readonly string[];
  readonly authorizedKeysPath: string;
  readonly homePath: string;
}

/** The text of an sshd_config. */
export function formatConfig(paths: SshdPaths, options: HostOptions): string {
  const methods = options.authentication ?? ["publickey"];
  const yesNo = (on: boolean) => (on ? "yes" : "no");
  const interactive = methods.includes("keyboard-interactive");
  const lines = [
    `ListenAddress ${paths.listenAddress}`,
    `PidFile ${paths.pidPath}`,
    ...paths.hostKeyPaths.map((path) => `HostKey ${path}`),
    `AuthorizedKeysFile ${paths.authorizedKeysPath}`,
    `LogLevel ${options.logLevel ?? "VERBOSE"}`,
    "StrictModes no",
    "PermitRootLogin yes",
    "UseDNS no",
    "PrintMotd no",
    "PrintLastLog no",
    `UsePAM ${yesNo(interactive)}`,
    `PubkeyAuthentication ${yesNo(methods.includes("publickey"))}`,
    `PasswordAuthentication ${yesNo(methods.includes("password"))}`,
    `KbdInteractiveAuthentication ${yesNo(interactive)}`,
    `AllowTcpForwarding ${yesNo(options.allowTcpForwarding ?? true)}`,
    `AllowStreamLocalForwarding ${yesNo(options.allowStreamLocalForwarding ?? true)}`,
    `MaxSessions ${options.maxSessions ?? 10}`,
    `MaxStartups ${options.maxStartups ?? "10:30:100"}`,
    // One line for all: of several, sshd takes the first.
    `SetEnv ${Object.entries({ HOME: paths.homePath, ...worldEnvironment(), ...options.environment })
      .map((pair) => pair.join("="))
      .join(" ")}`,
    "Subsystem sftp internal-sftp",
    ...(options.sshdConfig ?? []),
  ];
  return `${lines.join("\n")}\n`;
}

/** What `tooling/world` wants docker clients to have, too. */
function worldEnvironment() {
  const { GOGC } = process.env;
  return GOGC === undefined ? {} : { GOGC };
}

// sshd writes it a moment after it listens.
export async function readPid(path: string): Promise<number> {
  const deadline = Date.now() + startTimeoutMs;
  for (;;) {
    const pid = Number(await readFile(path, "utf8").catch(() => ""));
    if (pid > 0) return pid;
    if (Date.now() > deadline) throw new Error(`lab: sshd wrote no ${path}`);
    await delay(2);
  }
}
