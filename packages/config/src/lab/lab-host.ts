import { Secret } from "@otto/errors";
import { type PathBase, resolveCommand, resolvePath } from "../document/local-path.js";
import { optional } from "../document/optional.js";
import { formatHostId } from "./host-identity.js";
import type { Credential, HostData, HostDocker, SshOptions } from "./lab-data.js";
import type { HostText } from "./lab-schema.js";
import { toPersistMs } from "./persist-time.js";

/** A host as its file declares it: the lab gives it its handle. */
export type DeclaredHost = Omit<HostData, "handle">;

/** What a host gets where its file says nothing. */
export const sshDefaults: SshOptions = {
  port: 22,
  clientKeys: [],
  connectTimeoutMs: 20_000,
  keepaliveIntervalMs: 15_000,
  keepaliveCountMax: 3,
  compress: false,
  useSshConfig: false,
};

/** The host that a validated entry of a lab file describes. */
export function toHost(host: HostText, source: string, base: PathBase): DeclaredHost {
  const identity = optional({
    elementId: host.element_id ?? undefined,
    board: host.board ?? undefined,
    slot: host.slot ?? undefined,
  });
  return {
    id: formatHostId({ element: host.element, ...identity }),
    element: host.element,
    ...identity,
    ip: host.ip,
    creds: (host.creds ?? []).map((credential) => toCredential(credential, base)),
    labs: host.labs,
    resources: host.resources ?? [],
    roles: host.roles ?? [],
    dockerCapable: host.docker_capable ?? false,
    ssh: toSshOptions(host.ssh_options ?? {}, base),
    docker: toDocker(host.docker ?? {}),
    source,
    directory: base.directory,
    isLocal: false,
    ...optional({ name: host.name ?? undefined, user: host.user ?? undefined, hop: host.hop ?? undefined }),
  };
}

function toSshOptions(options: NonNullable<HostText["ssh_options"]>, base: PathBase): SshOptions {
  const { agent } = options;
  return {
    port: options.port ?? sshDefaults.port,
    clientKeys: (options.client_keys ?? []).map((path) => resolvePath(path, base)),
    connectTimeoutMs: inMs(options.connect_timeout) ?? sshDefaults.connectTimeoutMs,
    keepaliveIntervalMs: inMs(options.keepalive_interval) ?? sshDefaults.keepaliveIntervalMs,
    keepaliveCountMax: options.keepalive_count_max ?? sshDefaults.keepaliveCountMax,
    compress: options.compress ?? sshDefaults.compress,
    useSshConfig: options.use_ssh_config ?? sshDefaults.useSshConfig,
    ...optional({
      agent: typeof agent === "string" ? resolvePath(agent, base) : (agent ?? undefined),
      passwordEnv: options.password_env ?? undefined,
      passphraseEnv: options.passphrase_env ?? undefined,
      passwordCommand: toCommand(options.password_command, base),
      passphraseCommand: toCommand(options.passphrase_command, base),
      knownHosts: options.known_hosts?.map((path) => resolvePath(path, base)),
      hostKey: options.host_key ?? undefined,
      proxyCommand: options.proxy_command ?? undefined,
      isPortGiven: typeof options.port === "number" ? true : undefined,
      transport: options.transport ?? undefined,
      persistMs: toPersistMs(options.persist),
    }),
  };
}

function toCredential(
  { login, password, password_command: command }: NonNullable<HostText["creds"]>[number],
  base: PathBase,
): Credential {
  const given = typeof password === "string" ? new Secret(password) : undefined;
  return { login, ...optional({ password: given, passwordCommand: toCommand(command, base) }) };
}

function toCommand(argv: readonly string[] | null | undefined, base: PathBase): readonly string[] | undefined {
  return argv ? resolveCommand(argv, base) : undefined;
}

function toDocker(docker: NonNullable<HostText["docker"]>): HostDocker {
  return {
    command: docker.command ?? ["docker"],
    ...optional({ socket: docker.socket ?? undefined, stagingRoot: docker.staging_root ?? undefined }),
  };
}

function inMs(seconds: number | null | undefined): number | undefined {
  return seconds === null || seconds === undefined ? undefined : Math.round(seconds * 1000);
}
