import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hash } from "bcryptjs";
import { type Keeper, keepRunning } from "./keeper.js";
import { endOfLog, waitForLog } from "./log-file.js";

/** A registry on this machine, which engines reach without TLS on its loopback. */
export interface Registry extends AsyncDisposable {
  /** `<address>:<port>` */
  readonly host: string;
  /** Requests that were answered so far, as `GET /v2/a/manifests/b 200`. */
  requests(): Promise<readonly string[]>;
  /** Ends it, with all that is under way; what it has stays. */
  stop(): Promise<void>;
  /** Starts it again, at the same address. */
  start(): Promise<void>;
}

export interface RegistryLogin {
  readonly username: string;
  readonly password: string;
}

const registryLog = { ready: /listening on ([\d.:]+)/, failed: /level=fatal|configuration error/ };

/**
 * Starts Debian's docker-registry with a storage that goes with it; with `login` it lets nobody else in.
 * @param at the address of this machine that it listens on. Default: loopback
 */
export async function startRegistry(login?: RegistryLogin, at = "127.0.0.1"): Promise<Registry> {
  const directory = await mkdtemp(join(tmpdir(), "otto-registry-"));
  const log = join(directory, "log");
  let keeper: Keeper | undefined;
  const stop = async () => {
    await keeper?.release();
  };
  const start = async (address: string) => {
    const offset = await endOfLog(log);
    keeper = await launch({ directory, log, address, login });
    const [, listening = ""] = await waitForLog(log, offset, registryLog);
    return listening;
  };
  const dispose = async () => {
    await stop();
    await rm(directory, { recursive: true });
  };
  try {
    const host = await start(`${at}:0`);
    return {
      host,
      requests: async () => (await readFile(log, "utf8")).split("\n").flatMap(requestIn),
      stop,
      start: async () => void (await start(host)),
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

interface RegistryLaunch {
  readonly directory: string;
  readonly log: string;
  readonly address: string;
  readonly login: RegistryLogin | undefined;
}

async function launch({ directory, log, address, login }: RegistryLaunch): Promise<Keeper> {
  const config = join(directory, "config.json");
  // JSON is YAML.
  await writeFile(config, JSON.stringify(await configuration(directory, address, login)));
  return keepRunning("sh", ["-c", 'exec docker-registry serve "$1" >>"$2" 2>&1', "sh", config, log]);
}

async function configuration(directory: string, address: string, login: RegistryLogin | undefined): Promise<object> {
  const path = join(directory, "htpasswd");
  if (login !== undefined) await writeFile(path, `${login.username}:${await hash(login.password, 4)}\n`);
  return {
    version: "0.1",
    log: { level: "info", accesslog: { disabled: false } },
    storage: { filesystem: { rootdirectory: join(directory, "data") } },
    http: { addr: address },
    ...(login !== undefined && { auth: { htpasswd: { realm: "otto", path } } }),
  };
}

/** A line of the access log, in the form that web servers share. */
function requestIn(line: string): string[] {
  const [, request, status] = /"([A-Z]+ \S+) HTTP\/[\d.]+" (\d+)/.exec(line) ?? [];
  return request === undefined ? [] : [`${request} ${status}`];
}
