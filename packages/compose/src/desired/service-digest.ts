import { createHash } from "node:crypto";
import type { ComposeProject } from "@otto/compose-files";
import type { Manifest } from "@otto/remote-tree";
import { parse } from "yaml";

/** What a service's containers depend on, each a digest: equal ones need no new container. */
export interface ServiceDigest {
  readonly settings: string;
  /** Of files that are mounted one by one: a running container keeps the old one. */
  readonly files: string;
  /** Of what its image is built from by compose, for it or for another service that names it. */
  readonly build: string;
  /** Of the networks that it is on and Compose creates, by their keys in the files. Default: none. */
  readonly networks?: Readonly<Record<string, NetworkDigest>> | undefined;
}

export interface NetworkDigest {
  readonly name: string;
  readonly settings: string;
}

/** What a model's digests need beside it. */
export interface DigestSource {
  /** Absolute path that the model's paths in the staged tree begin with. */
  readonly directory: string;
  readonly manifest: Manifest;
  /** By service: the paths in the tree that its build sees. */
  readonly built: ReadonlyMap<string, ReadonlySet<string>>;
  /** By service without a build of its own: the one that builds its image. */
  readonly builders: ReadonlyMap<string, string>;
  /** Of configs and secrets that are variables. */
  readonly contentVariables: ComposeProject["contentVariables"];
}

type Node = { readonly [key: string]: unknown };

/** Digests each service of what {@link configCommand} printed. */
export function digestServices(model: string, source: DigestSource): Map<string, ServiceDigest> {
  const project = asNode(parseModel(model.replaceAll(source.directory, treeMark)));
  const services = Object.entries(asNode(project.services));
  return new Map(services.map(([name, service]) => [name, digestService(name, asNode(service), { project, source })]));
}

/** What {@link configCommand} printed. JSON is YAML, too; its own parser is faster. */
export function parseModel(model: string): unknown {
  return model.startsWith("{") ? JSON.parse(model) : parse(model);
}

/** The digests as a container's label. */
export function formatDigest({ settings, files, build }: ServiceDigest): string {
  return [settings, files, build].join(".");
}

/** @returns what differs, or nothing */
export function compareDigests(label: string | undefined, wanted: ServiceDigest): string | undefined {
  if (label === formatDigest(wanted)) return undefined;
  if (label === undefined) return "it was not started by otto";
  const [settings, files, build] = label.split(".");
  if (settings !== wanted.settings) return "its settings changed";
  if (build !== wanted.build) return build === "" ? "otto did not build its image" : "its build context changed";
  return files === wanted.files ? undefined : "a file that it mounts changed";
}

const treeMark = "<tree>";

function digestService(
  name: string,
  service: Node,
  { project, source }: { project: Node; source: DigestSource },
): ServiceDigest {
  const {
    build,
    depends_on: _dependencies,
    profiles: _profiles,
    pull_policy: _pullPolicy,
    scale: _scale,
    deploy: declared,
    ...settings
  } = service;
  const { replicas: _replicas, ...deploy } = asNode(declared);
  const used = {
    networks: pick(project.networks, Object.keys(asNode(service.networks))),
    volumes: pick(project.volumes, sourcesOf(service.volumes)),
    configs: pick(project.configs, sourcesOf(service.configs)),
    secrets: pick(project.secrets, sourcesOf(service.secrets)),
  };
  const values = [...Object.values(used.configs), ...Object.values(used.secrets)].map((one) => {
    return source.contentVariables.get(String(asNode(one).environment))?.reveal();
  });
  const files = [
    ...sourcesOf(service.volumes),
    ...[...Object.values(used.configs), ...Object.values(used.secrets)].map((one) => String(asNode(one).file)),
  ];
  const builder = build === undefined || build === null ? source.builders.get(name) : name;
  return {
    settings: digest([settings, deploy, used, values]),
    files: digest(files.map((path) => fileText(path, source.manifest))),
    build: builder === undefined ? "" : digest(buildInputs(builder, { project, source })),
    networks: digestNetworks(used.networks),
  };
}

function digestNetworks(networks: Node): Record<string, NetworkDigest> {
  const own = Object.entries(networks).filter(([, network]) => asNode(network).external !== true);
  return Object.fromEntries(
    own.map(([key, network]) => [key, { name: String(asNode(network).name), settings: digest(network) }]),
  );
}

/** A directory's contents change in place; a container sees them without our doing. */
function fileText(path: string, manifest: Manifest): string {
  const text = manifest[inTree(path)] ?? "";
  return isDirectory(text) ? "" : text;
}

/** Of a build, and of those of the services whose images are its contexts. */
function buildInputs(name: string, { project, source }: { project: Node; source: DigestSource }): unknown[] {
  const inputs = new Map<string, readonly unknown[]>();
  const add = (service: string) => {
    if (inputs.has(service)) return;
    const { build } = asNode(asNode(project.services)[service]);
    inputs.set(service, [build, contentOf(service, source)]);
    for (const context of Object.values(asNode(asNode(build).additional_contexts)).map(String))
      if (context.startsWith("service:")) add(context.slice("service:".length));
  };
  add(name);
  return [...inputs.values()].flat();
}

function contentOf(service: string, { manifest, built }: DigestSource): readonly (readonly [string, string])[] {
  const seen = built.get(service);
  const entries = Object.entries(manifest).filter(([path]) => seen?.has(path));
  // A builder gives directories permissions of its own.
  return entries.map(([path, text]) => [path, isDirectory(text) ? "dir" : text] as const);
}

function isDirectory(text: string): boolean {
  return text.startsWith("dir ");
}

function inTree(path: string): string {
  return path.startsWith(`${treeMark}/`) ? path.slice(treeMark.length + 1) : path;
}

function sourcesOf(list: unknown): string[] {
  return Array.isArray(list) ? list.map((one) => String(asNode(one).source)) : [];
}

function pick(nodes: unknown, names: readonly string[]): Node {
  return Object.fromEntries(Object.entries(asNode(nodes)).filter(([name]) => names.includes(name)));
}

function asNode(value: unknown): Node {
  return typeof value === "object" && value !== null ? (value as Node) : {};
}

/** Short: a label shows in `docker ps`. Objects are digested by their keys' order, which compose sorts. */
function digest(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 12);
}
