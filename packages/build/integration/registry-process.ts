import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { hash } from "bcryptjs";

/** A registry on this machine's loopback, which engines reach without TLS. */
export interface Registry extends AsyncDisposable {
  /** `127.0.0.1:<port>` */
  readonly host: string;
  /** Requests so far, as `GET /v2/a/manifests/b 200`. */
  readonly requests: readonly string[];
  /** Ends it, and keeps what it has. */
  stop(): Promise<void>;
}

export interface Login {
  readonly username: string;
  readonly password: string;
}

/** Starts Debian's docker-registry with a storage of its own; with `login` it lets nobody else in. */
export async function startRegistry(login?: Login): Promise<Registry> {
  const directory = await mkdtemp(join(tmpdir(), "otto-registry-"));
  const config = join(directory, "config.json");
  // JSON is YAML.
  await writeFile(config, JSON.stringify(await configuration(directory, login)));
  const child = spawn("docker-registry", ["serve", config], { stdio: ["ignore", "pipe", "pipe"] });
  const exited = once(child, "exit");
  const requests: string[] = [];
  createInterface(child.stdout).on("line", (line) => requests.push(...requestIn(line)));
  const host = await new Promise<string>((resolve, reject) => {
    exited.then(() => reject(new Error("docker-registry ended; install it: apt-get install docker-registry")), reject);
    createInterface(child.stderr).on("line", (line) => {
      const [, address] = /listening on ([\d.:]+)/.exec(line) ?? [];
      if (address !== undefined) resolve(address);
    });
  });
  const stop = async () => {
    child.kill();
    await exited;
  };
  return {
    host,
    requests,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
      await rm(directory, { recursive: true });
    },
  };
}

async function configuration(directory: string, login: Login | undefined): Promise<object> {
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

/** A line of the access log in the form that web servers share. */
function requestIn(line: string): string[] {
  const [, request, status] = /"([A-Z]+ \S+) HTTP\/[\d.]+" (\d+)/.exec(line) ?? [];
  return request === undefined ? [] : [`${request} ${status}`];
}
