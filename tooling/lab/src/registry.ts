import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { hash } from "bcryptjs";
import { type Keeper, keepRunning } from "./keeper.js";

/** A registry on this machine's loopback, which engines reach without TLS. */
export interface Registry extends AsyncDisposable {
  /** `127.0.0.1:<port>` */
  readonly host: string;
  /** Requests that were answered so far, as `GET /v2/a/manifests/b 200`. */
  requests(): Promise<readonly string[]>;
}

export interface RegistryLogin {
  readonly username: string;
  readonly password: string;
}

// It takes less than one; a machine may be busy.
const startTimeoutMs = 60_000;

/** Starts Debian's docker-registry with a storage that goes with it; with `login` it lets nobody else in. */
export async function startRegistry(login?: RegistryLogin): Promise<Registry> {
  const directory = await mkdtemp(join(tmpdir(), "otto-registry-"));
  const [config, log] = [join(directory, "config.json"), join(directory, "log")];
  // JSON is YAML.
  await writeFile(config, JSON.stringify(await configuration(directory, login)));
  await writeFile(log, "");
  const keeper = keepRunning("sh", ["-c", 'exec docker-registry serve "$1" >"$2" 2>&1', "sh", config, log]);
  const dispose = async () => {
    await keeper.release();
    await rm(directory, { recursive: true });
  };
  try {
    const host = await waitForListening(keeper, log);
    return {
      host,
      requests: async () => (await readFile(log, "utf8")).split("\n").flatMap(requestIn),
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function configuration(directory: string, login: RegistryLogin | undefined): Promise<object> {
  const path = join(directory, "htpasswd");
  if (login !== undefined) await writeFile(path, `${login.username}:${await hash(login.password, 4)}\n`);
  return {
    version: "0.1",
    log: { level: "info", accesslog: { disabled: false } },
    storage: { filesystem: { rootdirectory: join(directory, "data") } },
    http: { addr: "127.0.0.1:0" },
    ...(login !== undefined && { auth: { htpasswd: { realm: "otto", path } } }),
  };
}

async function waitForListening(keeper: Keeper, log: string): Promise<string> {
  const deadline = Date.now() + startTimeoutMs;
  while (Date.now() < deadline) {
    const [, address] = /listening on ([\d.:]+)/.exec(await readFile(log, "utf8")) ?? [];
    if (address !== undefined) return address;
    await sleep(20);
  }
  throw new Error(
    `lab: docker-registry (keeper ${keeper.pid}) does not listen; Debian: apt-get install docker-registry\n${await readFile(log, "utf8")}`,
  );
}

/** A line of the access log, in the form that web servers share. */
function requestIn(line: string): string[] {
  const [, request, status] = /"([A-Z]+ \S+) HTTP\/[\d.]+" (\d+)/.exec(line) ?? [];
  return request === undefined ? [] : [`${request} ${status}`];
}
