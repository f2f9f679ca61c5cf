import type { ContentKind } from "@otto/engine";
import { defined, listOf, type Part, partOf, textOf } from "./parts.js";
import { pick, planServiceEntry, type ServiceEntry } from "./service-entry.js";

/** What a stack is to be, before it is known what its configs and secrets hold, and which images it gets. */
export interface StackModel {
  /** By name. */
  readonly services: ReadonlyMap<string, ServiceEntry>;
  /** Those that the stack makes itself. */
  readonly contents: readonly DeclaredContent[];
  /** Those that are there: keys of the file to names in the swarm. */
  readonly externalContents: readonly ExternalContent[];
  readonly networks: Part;
  readonly volumes: Part;
  /** Mounts of files of this machine, which only one node would have. */
  readonly localMounts: readonly LocalMount[];
  /** What of networks and volumes Swarm has no use for. */
  readonly ignored: readonly string[];
}

/** A config or secret, and where its bytes come from. */
export interface DeclaredContent {
  readonly kind: ContentKind;
  /** Its key in the files. */
  readonly key: string;
  readonly source:
    | { readonly file: string }
    | { readonly variable: string }
    /** The bytes themselves. */
    | { readonly text: string };
}

export interface ExternalContent {
  readonly kind: ContentKind;
  readonly key: string;
  readonly name: string;
}

export interface LocalMount {
  readonly service: string;
  readonly target: string;
  /** Its path in the stack's tree, from `repo/` on. */
  readonly path: string;
}

/**
 * Reads what `docker compose config` printed of a stack.
 * @param directory what its paths begin with that lead into the stack's tree
 */
export function readStackModel(model: unknown, directory: string): StackModel {
  const { services, networks, volumes, configs, secrets } = partOf(model);
  const all = [...contentsOf("config", configs, directory), ...contentsOf("secret", secrets, directory)];
  const ignored: string[] = [];
  return {
    services: new Map(Object.entries(partOf(services)).map(([name, one]) => [name, planServiceEntry(partOf(one))])),
    contents: all.filter((content) => "source" in content),
    externalContents: all.filter((content) => "name" in content),
    networks: mapPart(networks, (network, name) => formatNetwork(network, name, ignored)),
    volumes: mapPart(volumes, (volume, name) =>
      pick(volume, ["driver", "driver_opts", "external", "labels", "name"], `volumes.${name}`, ignored),
    ),
    localMounts: Object.entries(partOf(services)).flatMap(([service, one]) =>
      listOf(partOf(one).volumes).flatMap((mount) => localMount(service, partOf(mount), directory)),
    ),
    ignored,
  };
}

function contentsOf(kind: ContentKind, entries: unknown, directory: string): (DeclaredContent | ExternalContent)[] {
  return Object.entries(partOf(entries)).map(([key, entry]) => {
    const { external, name, file, environment, content } = partOf(entry);
    if (external === true) return { kind, key, name: textOf(name) ?? key };
    if (typeof environment === "string") return { kind, key, source: { variable: environment } };
    if (typeof content === "string") return { kind, key, source: { text: unescapeDollars(content) } };
    return { kind, key, source: { file: unescapeDollars(withoutDirectory(textOf(file) ?? "", directory)) } };
  });
}

function formatNetwork(network: Part, name: string, ignored: string[]): Part {
  const keys = ["attachable", "driver", "driver_opts", "external", "internal", "ipam", "labels", "name"];
  const { ipam, ...rest } = pick(network, keys, `networks.${name}`, ignored);
  const { config, driver } = partOf(ipam);
  const pools = listOf(config).map((pool) => pick(partOf(pool), ["subnet"], `networks.${name}.ipam`, ignored));
  return pools.length === 0 && driver === undefined
    ? rest
    : { ...rest, ipam: defined({ driver, config: pools.length === 0 ? undefined : pools }) };
}

function localMount(service: string, { type, source, target }: Part, directory: string): LocalMount[] {
  const path = textOf(source);
  if (type !== "bind" || path === undefined || withoutDirectory(path, directory) === path) return [];
  return [{ service, target: textOf(target) ?? "", path: unescapeDollars(withoutDirectory(path, directory)) }];
}

/** Compose prints texts so that they can be read again: a dollar sign is two. */
function unescapeDollars(text: string): string {
  return text.replaceAll("$$", "$");
}

function withoutDirectory(path: string, directory: string): string {
  return path.startsWith(`${directory}/`) ? path.slice(directory.length + 1) : path;
}

function mapPart(part: unknown, change: (one: Part, name: string) => Part): Part {
  return Object.fromEntries(Object.entries(partOf(part)).map(([name, one]) => [name, change(partOf(one), name)]));
}
