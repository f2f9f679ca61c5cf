import { defined, listOf, type Part, partOf, textOf } from "./parts.js";

/** A service as `docker stack deploy` takes it. */
export interface ServiceEntry {
  readonly entry: Part;
  /** What of the service is left out, for Swarm has no use for it: paths of keys, as `networks.front.ipv4_address`. */
  readonly ignored: readonly string[];
}

/**
 * The keys of a service that a swarm gives its tasks. Others, those of a later Compose too, are left out and named: the
 * docker client ignores some, and refuses the whole file for the rest.
 * @see https://github.com/docker/cli/blob/master/cli/compose/types/types.go `UnsupportedProperties`
 */
const keptKeys: ReadonlySet<string> = new Set([
  "cap_add",
  "cap_drop",
  "command",
  "configs",
  "credential_spec",
  "deploy",
  "dns",
  "dns_search",
  "entrypoint",
  "environment",
  "extra_hosts",
  "healthcheck",
  "hostname",
  "image",
  "init",
  "isolation",
  "labels",
  "logging",
  "networks",
  "ports",
  "read_only",
  "secrets",
  "stdin_open",
  "stop_grace_period",
  "stop_signal",
  "sysctls",
  "tmpfs",
  "tty",
  "ulimits",
  "user",
  "volumes",
  "working_dir",
]);

/** What has been decided before: which services are deployed, and how many tasks they have. */
const decidedKeys: ReadonlySet<string> = new Set(["profiles", "scale", "pull_policy"]);

/** @param service as `docker compose config` prints it */
export function planServiceEntry(service: Part): ServiceEntry {
  const ignored: string[] = [];
  const entry: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(service)) {
    if (value === null || value === undefined || decidedKeys.has(key)) continue;
    if (!keptKeys.has(key)) ignored.push(key);
    else entry[key] = formatters[key]?.(value, ignored) ?? value;
  }
  const scale = service.scale;
  if (Number.isInteger(scale)) entry.deploy = { ...partOf(entry.deploy), replicas: scale };
  return { entry, ignored };
}

type Formatter = (value: unknown, ignored: string[]) => unknown;

/** Where the docker client's own reader wants another form than Compose prints, or knows fewer keys. */
const formatters: Readonly<Record<string, Formatter>> = {
  configs: (value) => listOf(value).map(formatContentUse),
  secrets: (value) => listOf(value).map(formatContentUse),
  deploy: formatDeploy,
  extra_hosts: (value) => listOf(value).map((host) => textOf(host)?.replace("=", ":")),
  networks: (value, ignored) =>
    Object.fromEntries(
      Object.entries(partOf(value)).map(([name, settings]) => [
        name,
        pick(partOf(settings), ["aliases"], `networks.${name}`, ignored),
      ]),
    ),
  ports: (value, ignored) => listOf(value).map((port) => formatPort(partOf(port), ignored)),
  volumes: (value, ignored) => listOf(value).map((mount) => formatMount(partOf(mount), ignored)),
};

function formatContentUse(use: unknown): Part {
  const { source, target, uid, gid, mode } = partOf(use);
  // Compose prints it as a number, later ones as text in octal digits.
  const number = typeof mode === "string" ? Number.parseInt(mode, 8) : mode;
  return defined({ source, target, uid, gid, mode: number });
}

const deployKeys = [
  "endpoint_mode",
  "labels",
  "mode",
  "placement",
  "replicas",
  "restart_policy",
  "rollback_config",
  "update_config",
];

function formatDeploy(value: unknown, ignored: string[]): Part {
  const { resources, ...rest } = partOf(value);
  const { limits, reservations } = partOf(resources);
  const format = (kind: string, set: unknown, keys: readonly string[]) => {
    const { cpus, ...others } = pick(partOf(set), keys, `deploy.resources.${kind}`, ignored);
    return defined({ ...others, cpus: typeof cpus === "number" ? String(cpus) : cpus });
  };
  return defined({
    ...pick(rest, deployKeys, "deploy", ignored),
    resources: {
      limits: format("limits", limits, ["cpus", "memory", "pids"]),
      reservations: format("reservations", reservations, ["cpus", "memory", "generic_resources"]),
    },
  });
}

function formatPort(port: Part, ignored: string[]): Part {
  const { published, ...rest } = pick(port, ["mode", "target", "published", "protocol"], "ports", ignored);
  const isNumber = typeof published === "string" && /^\d+$/.test(published);
  return defined({ ...rest, published: isNumber ? Number(published) : published });
}

function formatMount(mount: Part, ignored: string[]): Part {
  const { bind, volume, tmpfs, ...rest } = pick(
    mount,
    ["type", "source", "target", "read_only", "consistency", "bind", "volume", "tmpfs"],
    "volumes",
    ignored,
  );
  const { size, ...others } = partOf(tmpfs);
  return defined({
    ...rest,
    // That a missing directory is made is Compose's default: nobody asked for it.
    bind: bind && pick({ ...partOf(bind), create_host_path: undefined }, ["propagation"], "volumes.bind", ignored),
    volume: volume && pick(partOf(volume), ["nocopy", "subpath"], "volumes.volume", ignored),
    tmpfs: tmpfs && defined({ ...others, size: size === undefined ? undefined : Number(size) }),
  });
}

/** These keys alone; what else is set is noted in `ignored`. */
export function pick(part: Part, keys: readonly string[], path: string, ignored: string[]): Part {
  const set = Object.entries(defined(part));
  const others = set.filter(([key]) => !keys.includes(key)).map(([key]) => `${path}.${key}`);
  ignored.push(...others.filter((other) => !ignored.includes(other)));
  return Object.fromEntries(set.filter(([key]) => keys.includes(key)));
}
