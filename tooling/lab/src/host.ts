import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { dropbearHome } from "./dropbear.js";
import { createKeyPair, type KeyPair } from "./keys.js";
import type { HostOptions } from "./options.js";
import { type LabProxy, startProxy } from "./proxy.js";
import { isDropbear, startServer } from "./server.js";
import type { Sshd, SshdFiles } from "./sshd.js";
import type { LabUser } from "./user.js";

/** One running host of a lab. */
export interface LabHost {
  readonly name: string;
  readonly options: HostOptions;
  /** `127.0.0.1` of a host on this machine */
  readonly address: string;
  /** Where clients connect: the proxy's port when there is a proxy, else sshd's. */
  readonly port: number;
  /** sshd's own port, past the proxy. */
  readonly sshdPort: number;
  readonly user: string;
  /** What `$HOME` is in its sessions: not that of the user who runs the tests. Removed with the lab. */
  readonly homePath: string;
  /** How clients reach its engine. */
  readonly docker: { readonly command: readonly string[]; readonly socketPath: string | undefined };
  /** Set when the host takes a password. */
  readonly password: string | undefined;
  /** A key that the host accepts when it takes keys. */
  readonly privateKeyPath: string;
  readonly hostKeys: readonly KeyPair[];
  /** `SHA256:…` of the first host key. */
  readonly fingerprint: string;
  /** One line per host key, as in a known_hosts file. */
  readonly knownHostsLines: readonly string[];
  readonly logPath: string;
  readonly proxy: LabProxy | undefined;
  /** The listening sshd. */
  readonly pid: number;
  /** Connections that sshd took since the lab started, from its log. */
  handshakes(): Promise<number>;
  readLog(): Promise<string>;
  /** Kills sshd with all its connections and what runs in them. */
  stop(): Promise<void>;
  /** Starts sshd again on the same port, with other options and host keys when given. */
  start(changes?: { readonly options?: Partial<HostOptions>; readonly newHostKeys?: boolean }): Promise<void>;
}

export interface HostSetting {
  readonly name: string;
  readonly options: HostOptions;
  readonly user: LabUser;
  readonly directory: string;
  readonly clientKey: KeyPair;
  /** Where clients find it. Default: this machine's loopback. */
  readonly address?: string;
  /** Starts its sshd, on a given port or one of its choice. Default: on this machine. */
  readonly serve?: (files: SshdFiles, options: HostOptions, port?: number) => Promise<Sshd>;
}

/** Starts one host; `release` stops it. */
export async function startHost(setting: HostSetting): Promise<LabHost & { release(): Promise<void> }> {
  const { name, user, clientKey, address = "127.0.0.1", serve = startServer } = setting;
  const directory = join(setting.directory, name);
  await mkdir(directory, { mode: 0o755 });
  // The user's own shell profile and caches are no part of a lab. A user that the lab made has a home of its own.
  const homePath = user.homePath ?? (isDropbear(setting.options) ? dropbearHome : join(directory, "home"));
  await mkdir(homePath, { recursive: true, mode: 0o700 });
  const authorizedKeysPath = `${clientKey.privateKeyPath}.pub`;
  let options = setting.options;
  let generation = 0;
  let hostKeys = await createHostKeys(directory, options, generation);
  const start = (port?: number) => serve({ directory, authorizedKeysPath, hostKeys, homePath }, options, port);
  let sshd: Sshd = await start();
  const proxy = options.proxy === undefined ? undefined : await startProxy(sshd.port, options.proxy);
  const port = proxy?.port ?? sshd.port;
  const readLog = () => readFile(sshd.logPath, "utf8");
  return {
    name,
    get options() {
      return options;
    },
    address,
    port,
    sshdPort: sshd.port,
    user: user.name,
    homePath,
    docker: { command: options.docker?.command ?? ["docker"], socketPath: options.docker?.socket },
    password: user.password,
    privateKeyPath: clientKey.privateKeyPath,
    get hostKeys() {
      return hostKeys;
    },
    get fingerprint() {
      return hostKeys[0]?.fingerprint ?? "";
    },
    get knownHostsLines() {
      return formatKnownHosts({ address, port }, hostKeys);
    },
    logPath: sshd.logPath,
    proxy,
    get pid() {
      return sshd.pid;
    },
    handshakes: async () => countHandshakes(await readLog()),
    readLog,
    stop: () => sshd.stop(),
    start: async (changes = {}) => {
      await sshd.stop();
      options = { ...options, ...changes.options };
      if (changes.newHostKeys === true) hostKeys = await createHostKeys(directory, options, ++generation);
      sshd = await start(sshd.port);
    },
    release: async () => {
      await proxy?.close();
      await sshd.stop();
    },
  };
}

/** Connections in the log of an sshd or of Dropbear. */
export function countHandshakes(log: string): number {
  return log.match(/^(\[\d+\] .* Child c|C)onnection from /gm)?.length ?? 0;
}

export function formatKnownHosts(at: { address: string; port: number }, hostKeys: readonly KeyPair[]): string[] {
  const pattern = at.port === 22 ? at.address : `[${at.address}]:${at.port}`;
  return hostKeys.map((key) => `${pattern} ${key.publicKey}`);
}

export function createHostKeys(directory: string, options: HostOptions, generation: number): Promise<KeyPair[]> {
  const types = options.hostKeyTypes ?? ["ed25519"];
  return Promise.all(types.map((type) => createKeyPair(type, join(directory, `host_key_${type}_${generation}`))));
}
