import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type Keeper, keepRunning } from "./keeper.js";
import { waitForLog } from "./log-file.js";
import { findFreePort } from "./ports.js";

/** A Kerberos realm of its own, whose KDC listens on loopback. */
export interface Kdc extends AsyncDisposable {
  /** What Kerberos programs and an sshd have to have in their environment to use this realm. */
  readonly environment: Readonly<Record<"KRB5_CONFIG" | "KRB5_KTNAME", string>>;
  /** Adds a user. @returns the password, which the lab made up */
  addUser(name: string): Promise<string>;
  /** Adds a service, as `host/127.0.0.1`, with its key in the keytab that an sshd reads. */
  addService(name: string): Promise<void>;
}

const kdcLog = { ready: /commencing operation/, failed: /krb5kdc: cannot|Error|error/ };

/** Starts MIT's krb5kdc with a database that goes with it. */
export async function startKdc(): Promise<Kdc> {
  const directory = await mkdtemp(join(tmpdir(), "otto-kdc-"));
  const [config, log, keytab] = ["krb5.conf", "log", "keytab"].map((name) => join(directory, name)) as [
    ...[string, string, string],
  ];
  await writeFile(config, formatConfig(directory, log, await findFreePort()));
  await writeFile(log, "");
  const paths = { KRB5_CONFIG: config, KRB5_KDC_PROFILE: config };
  const administer = (program: string, args: readonly string[], stdin: string) =>
    runWithStdin([`/usr/sbin/${program}`, ...args], { ...process.env, ...paths }, stdin);
  const masterKey = randomBytes(12).toString("hex");
  let keeper: Keeper | undefined;
  const dispose = async () => {
    await keeper?.release();
    await rm(directory, { recursive: true });
  };
  try {
    await administer("kdb5_util", ["create", "-s"], `${masterKey}\n${masterKey}\n`);
    const variables = Object.entries(paths).map((pair) => pair.join("="));
    keeper = keepRunning("env", [...variables, "/usr/sbin/krb5kdc", "-n"]);
    await waitForLog(log, 0, kdcLog);
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    environment: { KRB5_CONFIG: config, KRB5_KTNAME: `FILE:${keytab}` },
    addUser: async (name) => {
      const password = randomBytes(12).toString("hex");
      await administer("kadmin.local", [], `addprinc -pw ${password} ${name}\n`);
      return password;
    },
    addService: (name) => administer("kadmin.local", [], `addprinc -randkey ${name}\nktadd -k ${keytab} ${name}\n`),
    [Symbol.asyncDispose]: dispose,
  };
}

/** One file for clients, servers and the KDC. Addresses are the names of hosts: nothing asks a name server. */
function formatConfig(directory: string, log: string, port: number): string {
  return `[libdefaults]
  default_realm = OTTO.TEST
  dns_lookup_kdc = false
  dns_lookup_realm = false
  dns_canonicalize_hostname = false
  rdns = false
[realms]
  OTTO.TEST = {
    kdc = 127.0.0.1:${port}
    kdc_listen = 127.0.0.1:${port}
    kdc_tcp_listen = 127.0.0.1:${port}
    database_name = ${directory}/principal
    key_stash_file = ${directory}/stash
    acl_file = ${directory}/acl
  }
[logging]
  kdc = FILE:${log}
`;
}

/** No password in argv. */
async function runWithStdin(argv: readonly [string, ...string[]], env: NodeJS.ProcessEnv, stdin: string) {
  const [program, ...args] = argv;
  const child = spawn(program, args, { env, stdio: ["pipe", "ignore", "pipe"] });
  child.on("error", () => {});
  child.stdin.on("error", () => {});
  child.stdin.end(stdin);
  const [[code], said] = (await Promise.all([once(child, "close"), text(child.stderr)])) as [[number | null], string];
  if (code === 0) return;
  throw new Error(
    `lab: ${program} ended with ${code}; Debian: apt-get install krb5-kdc krb5-admin-server krb5-user\n${said}`,
  );
}
