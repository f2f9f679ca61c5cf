import { chmod, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dropbearNeedsUser } from "./dropbear.js";
import { type LabHost, startHost } from "./host.js";
import { type Keeper, keepUntilRelease } from "./keeper.js";
import { createKeyPair, type KeyPair } from "./keys.js";
import { applyKind, findLabKind } from "./kinds.js";
import type { HostOptions, LabOptions } from "./options.js";
import { isDropbear } from "./server.js";
import { assertSshd } from "./sshd.js";
import { createUser, currentUser, type LabUser, sudoRulePath } from "./user.js";

/** Running hosts. Disposing stops exactly the processes, users and files that the lab made. */
export interface Lab<Name extends string = string> extends AsyncDisposable {
  readonly hosts: Readonly<Record<Name, LabHost>>;
  /** Everything of the lab lies here, removed at the end. Tests may put their files here. */
  readonly directory: string;
  /** A known_hosts file with the keys that all hosts had at the start. */
  readonly knownHostsPath: string;
  /** A private key that hosts with public key authentication accept. */
  readonly privateKeyPath: string;
}

const cleanUp = `
rm -rf -- "$1"
if [ -n "$2" ]; then
  # A user of whom a process is left is not removed, and a killed one takes a moment to go.
  tries=0
  while pkill -KILL -u "$2" && [ $tries -lt 200 ]; do sleep 0.05; tries=$((tries + 1)); done
  userdel --force --remove "$2" 2>/dev/null
  rm -f -- "$3"
fi
`;

/**
 * Starts one real sshd per host on loopback, in front of this machine.
 *
 * What it starts ends when the lab is disposed, and also when this process dies.
 * @throws Error saying what to install, when sshd is missing.
 */
export async function startLab<const Name extends string>(options: LabOptions<Name>): Promise<Lab<Name>> {
  const kind = findLabKind(process.env.OTTO_LAB_KIND);
  const entries = applyKind(kind, options);
  assertHosts(entries);
  await assertSshd();
  const directory = await mkdtemp(join(tmpdir(), "otto-lab-"));
  const needsUser = kind.engineAccess !== undefined || entries.some(([, host]) => wantsUser(host));
  const user = needsUser ? await createUser(options.engineAccess ?? kind.engineAccess ?? "group") : currentUser();
  // A user that the lab made reads its authorized keys itself, so it must reach them.
  if (needsUser) await chmod(directory, 0o711);
  const made = needsUser ? [user.name, sudoRulePath(user.name)] : [];
  const keeper = keepUntilRelease(cleanUp, [directory, ...made]);
  const started: (LabHost & { release(): Promise<void> })[] = [];
  const release = async () => {
    await Promise.all(started.map((host) => host.release()));
    await keeper.release();
  };
  try {
    return await startHosts({ entries, directory, user, started, release });
  } catch (error) {
    await release();
    throw error;
  }
}

interface Start {
  readonly entries: readonly (readonly [string, HostOptions])[];
  readonly directory: string;
  readonly user: LabUser;
  readonly started: (LabHost & { release(): Promise<void> })[];
  readonly release: Keeper["release"];
}

async function startHosts<Name extends string>(start: Start): Promise<Lab<Name>> {
  const { directory, user, started } = start;
  const clientKey = await createKeyPair("ed25519", join(directory, "client_key"));
  for (const [name, options] of start.entries) {
    const dockerCapable = options.dockerCapable ?? !start.entries.some(([, other]) => other.hop === name);
    started.push(await startHost({ name, options: { ...options, dockerCapable }, user, directory, clientKey }));
  }
  return describeLab(directory, clientKey, started, start.release);
}

/** A lab of hosts that run; writes its known_hosts file. */
export async function describeLab<Name extends string, Host extends LabHost>(
  directory: string,
  clientKey: KeyPair,
  hosts: readonly Host[],
  release: () => Promise<void>,
): Promise<Lab<Name> & { readonly hosts: Readonly<Record<Name, Host>> }> {
  const knownHostsPath = join(directory, "known_hosts");
  await writeFile(knownHostsPath, `${hosts.flatMap((host) => host.knownHostsLines).join("\n")}\n`);
  return {
    hosts: Object.fromEntries(hosts.map((host): [string, Host] => [host.name, host])) as { [N in Name]: Host },
    directory,
    knownHostsPath,
    privateKeyPath: clientKey.privateKeyPath,
    [Symbol.asyncDispose]: release,
  };
}

function wantsUser(host: HostOptions): boolean {
  const takesPassword = (host.authentication ?? []).some((method) => method !== "publickey");
  return takesPassword || (isDropbear(host) && dropbearNeedsUser());
}

export function assertHosts(entries: readonly (readonly [string, HostOptions])[]): void {
  const names = new Set(entries.map(([name]) => name));
  for (const [name, { hop }] of entries) {
    if (!/^[a-z0-9-]+$/.test(name)) throw new TypeError(`lab: host name ${name}: use [a-z0-9-]`);
    if (hop !== undefined && (!names.has(hop) || hop === name)) throw new TypeError(`lab: hop ${hop} of ${name}`);
  }
}
