import { createHash } from "node:crypto";
import { type Part, partOf, textOf } from "./parts.js";
import type { StackModel } from "./stack-model.js";

/** The label of a service that says what it was deployed as: a digest of each of its keys. */
export const configLabel = "otto.config";
/** The label of a service whose image was resolved: as the files name it. */
export const imageLabel = "otto.image";
/** The label of services that the last holder of a lease takes down. */
export const ownedLabel = "otto.owned";

export interface StackFileOptions {
  /** What the images of the files are, by their names there: a tag or a digest. Those that are left out stay. */
  readonly images: ReadonlyMap<string, string>;
  /** The names of configs and secrets in the swarm, by kind and key: `config app`. */
  readonly contentNames: ReadonlyMap<string, string>;
  /** How many tasks services have this time. Default: as the files say. */
  readonly scale: Readonly<Record<string, number>>;
  /** The services that are deployed. Default: all. */
  readonly chosen?: ReadonlySet<string> | undefined;
  readonly owned: boolean;
}

/** A service as it is to be. */
export interface WantedService {
  readonly name: string;
  readonly image: string;
  /** As the files name it. */
  readonly declaredImage: string;
  /** Undefined: of a mode that has no such number. */
  readonly replicas: number | undefined;
  /** By key: what of the service differs where this does. */
  readonly digests: Readonly<Record<string, string>>;
}

export interface StackFile {
  /** For `docker stack deploy --compose-file -`. May hold what variables hold. */
  readonly text: string;
  readonly services: readonly WantedService[];
  /** By the name in the swarm: a digest of the network's settings. */
  readonly networks: ReadonlyMap<string, string>;
}

/** Writes the file of a stack. Pure. */
export function formatStackFile(model: StackModel, options: StackFileOptions): StackFile {
  const chosen = [...model.services].filter(([name]) => options.chosen?.has(name) ?? true);
  const built = chosen.map(([name, { entry }]) => buildService(name, entry, { model, ...options }));
  const uses = (key: "networks") => new Set(built.flatMap(({ entry }) => Object.keys(partOf(entry[key]))));
  const used = uses("networks");
  const networks = Object.entries(model.networks).filter(([key]) => used.has(key));
  const own = networks.map(([key, network]) => [key, partOf(network)] as const);
  const digestsOf = new Map(
    own.filter(([, { external }]) => external !== true).map(([key, one]) => [textOf(one.name) ?? key, digestOf(one)]),
  );
  const file = {
    // The latest that the client of Docker 20.10 knows; what later ones brought is asked for below.
    version: built.some(({ entry }) => partOf(entry.healthcheck).start_interval !== undefined) ? "3.12" : "3.9",
    services: Object.fromEntries(built.map(({ name, entry }) => [name, entry])),
    networks: Object.fromEntries(own.map(([key, network]) => [key, labelNetwork(network)])),
    volumes: Object.fromEntries(Object.entries(model.volumes).filter(([key]) => isMounted(key, built))),
    configs: contentEntries("config", model, options),
    secrets: contentEntries("secret", model, options),
  };
  return { text: JSON.stringify(file), services: built.map(({ wanted }) => wanted), networks: digestsOf };
}

interface BuiltService {
  readonly name: string;
  readonly entry: Part;
  readonly wanted: WantedService;
}

function buildService(
  name: string,
  declared: Part,
  { model, images, contentNames, scale, owned }: StackFileOptions & { readonly model: StackModel },
): BuiltService {
  const declaredImage = textOf(declared.image) ?? "";
  const image = images.get(declaredImage) ?? declaredImage;
  const deploy = partOf(declared.deploy);
  const scaled = Object.hasOwn(scale, name) ? { ...deploy, replicas: scale[name] } : deploy;
  const entry = { ...declared, image, deploy: scaled };
  const digests = digestKeys(entry, (kind, key) => contentNames.get(`${kind} ${key}`) ?? key, model);
  const labels = {
    ...partOf(scaled.labels),
    [configLabel]: Object.entries(digests)
      .map(([key, digest]) => `${key}=${digest}`)
      .join(" "),
    [imageLabel]: declaredImage,
    ...(owned && { [ownedLabel]: "yes" }),
  };
  const isReplicated = scaled.mode === undefined || scaled.mode === "replicated";
  const replicas = isReplicated ? (Number.isInteger(scaled.replicas) ? (scaled.replicas as number) : 1) : undefined;
  return {
    name,
    entry: { ...entry, deploy: { ...scaled, labels: escapeDollars(labels) } },
    wanted: { name, image, declaredImage, replicas, digests },
  };
}

/** What is added here has not been read by Compose, which doubles them. */
function escapeDollars(labels: Part): Part {
  const own: ReadonlySet<string> = new Set([imageLabel]);
  return Object.fromEntries(
    Object.entries(labels).map(([key, value]) => [
      key,
      own.has(key) && typeof value === "string" ? value.replaceAll("$", "$$$$") : value,
    ]),
  );
}

function digestKeys(
  entry: Part,
  nameOf: (kind: string, key: string) => string,
  model: StackModel,
): Record<string, string> {
  const named = (kind: string, uses: unknown) =>
    Array.isArray(uses)
      ? uses.map((use) => ({ ...partOf(use), name: nameOf(kind, textOf(partOf(use).source) ?? "") }))
      : uses;
  const networks = Object.fromEntries(
    Object.entries(partOf(entry.networks)).map(([key, settings]) => [key, [settings, model.networks[key]]]),
  );
  const full: Part = {
    ...entry,
    ...(entry.configs !== undefined && { configs: named("config", entry.configs) }),
    ...(entry.secrets !== undefined && { secrets: named("secret", entry.secrets) }),
    ...(entry.networks !== undefined && { networks }),
  };
  return Object.fromEntries(
    Object.keys(full)
      .sort()
      .map((key) => [key, digestOf(full[key])]),
  );
}

function digestOf(value: unknown): string {
  return createHash("sha256").update(canonical(value)).digest("hex").slice(0, 8);
}

/** Equal values have equal texts, whatever the order of their keys. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join()}}`;
}

function labelNetwork(network: Part): Part {
  if (network.external === true) return network;
  return { ...network, labels: { ...partOf(network.labels), [configLabel]: digestOf(network) } };
}

function isMounted(key: string, built: readonly BuiltService[]): boolean {
  const mounts = built.flatMap(({ entry }) => (Array.isArray(entry.volumes) ? entry.volumes.map(partOf) : []));
  return mounts.some(({ type, source }) => type === "volume" && source === key);
}

/** All are made before by the engine's own interface, so that none of them lies on a disk of the parent. */
function contentEntries(kind: "config" | "secret", model: StackModel, { contentNames }: StackFileOptions): Part {
  const keys = [...model.contents, ...model.externalContents].filter((one) => one.kind === kind);
  const nameOf = ({ key, ...one }: (typeof keys)[number]) =>
    "name" in one ? one.name : contentNames.get(`${kind} ${key}`);
  return Object.fromEntries(
    keys.flatMap((one) => {
      const name = nameOf(one);
      return name === undefined ? [] : [[one.key, { external: true, name }]];
    }),
  );
}
