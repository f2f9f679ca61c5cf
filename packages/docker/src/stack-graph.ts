import { readFile } from "node:fs/promises";
import { relative } from "node:path";
import { findStageImages } from "@otto/build";
import { type ContainerStatus, type PlacedStack, readListedStatus } from "@otto/compose";
import type { Repo } from "@otto/config";
import { familiarImageName, imageLatestTag } from "@otto/hashing";
import { eachPart, type Lab, type RepoPart } from "@otto/host-registry";
import { type Parent, readServiceReplica } from "@otto/hosts";
import { type PlacementOptions, placeStack } from "./stack-placement.js";

type Files = PlacedStack["files"];
type Service = Files["services"][number];
type Links = NonNullable<ReturnType<Files["topology"]["services"]["get"]>>;

/** A stack as its files declare it and, where its parent was asked, as it is: data to draw. */
export interface StackGraph {
  readonly repo: string;
  /** The Compose project. */
  readonly project: string;
  readonly parent: {
    readonly id: string;
    /** The bastions on the way to it, the first one first. */
    readonly hops: readonly string[];
  };
  readonly services: readonly GraphService[];
  readonly networks: Files["topology"]["networks"];
  readonly volumes: Files["topology"]["volumes"];
  /** Those that services run, and declared ones. */
  readonly images: readonly GraphImage[];
  /** Whether the parent was asked: otherwise `containers` are unknown. */
  readonly isObserved: boolean;
}

export interface GraphService {
  readonly name: string;
  /** The name of its image with its tag, as in {@link StackGraph.images}. */
  readonly image: string;
  readonly replicas: number;
  readonly profiles: readonly string[];
  /** Whether `up` with these profiles runs it. */
  readonly enabled: boolean;
  readonly dependsOn: Service["dependsOn"];
  readonly networks: readonly string[];
  readonly networkMode: string | undefined;
  /** As `127.0.0.1:8080->80/tcp`. */
  readonly ports: readonly string[];
  readonly mounts: Links["mounts"];
  /** In order of replicas; none where the parent was not asked. */
  readonly containers: readonly GraphContainer[];
}

export interface GraphContainer extends ContainerStatus {
  readonly name: string;
  readonly replica: number;
}

export interface GraphImage {
  readonly name: string;
  /** Its Dockerfile, relative to the repository; undefined for an image that is pulled, or written in the compose file. */
  readonly dockerfile: string | undefined;
  readonly isBuilt: boolean;
  /** The images that its Dockerfile begins with and copies from. */
  readonly bases: readonly string[];
}

export interface StackGraphOptions extends PlacementOptions {
  /** Whether the parent is asked for the states of containers. Default true; without, nothing is connected. */
  readonly observe?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a repo's stack, of several parents that on the first, as a graph: services with what they depend on, their networks, mounts, ports and images with their
 * bases, and the state of each container.
 * @throws OttoError what `readStack`, `Lab.partsOf` and, when the parent is asked, connecting to it throw
 */
export async function readStackGraph(repo: Repo, lab: Lab, options: StackGraphOptions = {}): Promise<StackGraph> {
  // There is always one.
  return readPartGraph(lab.partsOf(repo, options.on)[0] as RepoPart, lab, options);
}

/** The same of each of a repo's parents. @throws OttoError as {@link readStackGraph}, and what `eachPart` throws */
export async function readStackGraphs(repo: Repo, lab: Lab, options: StackGraphOptions = {}): Promise<StackGraph[]> {
  return eachPart(lab.partsOf(repo, options.on), (part) => readPartGraph(part, lab, options), options);
}

async function readPartGraph(part: RepoPart, lab: Lab, options: StackGraphOptions): Promise<StackGraph> {
  const stack = await placeStack(part, lab, options);
  const { repo } = part;
  const { observe = true, signal } = options;
  const containers = observe ? await readContainers(stack, signal) : new Map<string, GraphContainer[]>();
  const { topology } = stack.files;
  return {
    repo: repo.name,
    project: stack.project,
    parent: { id: stack.parent.id, hops: hopsOf(lab, stack.parent) },
    services: stack.files.services.map((service) => toGraphService(stack, service, containers.get(service.name) ?? [])),
    networks: topology.networks,
    volumes: topology.volumes,
    images: await readImages(stack),
    isObserved: observe,
  };
}

function hopsOf(lab: Lab, parent: Parent): string[] {
  const hops: string[] = [];
  for (let { hop } = lab.findHost(parent.id); hop !== undefined; { hop } = lab.findHost(hop)) hops.unshift(hop);
  return hops;
}

function toGraphService(stack: PlacedStack, service: Service, containers: readonly GraphContainer[]): GraphService {
  const { name, replicas, profiles, enabled, dependsOn } = service;
  const links = stack.files.topology.services.get(name);
  const { networks = [], networkMode, ports = [], mounts = [] } = links ?? {};
  const image = imageNameOf(stack, service);
  return { name, image, replicas, profiles, enabled, dependsOn, networks, networkMode, ports, mounts, containers };
}

/** Compose calls what it builds `<project>-<service>`. */
function imageNameOf({ project }: PlacedStack, { name, image }: Service): string {
  return familiarImageName(image ?? `${project}-${name}`);
}

async function readContainers({ parent, project }: PlacedStack, signal: AbortSignal | undefined) {
  const labels = [`com.docker.compose.project=${project}`];
  const found = await parent.engine.listContainers({ labels, all: true }, signal);
  const containers = new Map<string, GraphContainer[]>();
  for (const { Labels, Names, State, Status } of found) {
    const place = readServiceReplica(Labels);
    if (place === undefined) continue;
    const name = (Names[0] ?? "").replace(/^\//, "");
    const container = { name, replica: place.replica, ...readListedStatus({ State, Status }) };
    containers.set(place.service, [...(containers.get(place.service) ?? []), container]);
  }
  for (const replicas of containers.values()) replicas.sort((a, b) => a.replica - b.replica);
  return containers;
}

async function readImages(stack: PlacedStack): Promise<GraphImage[]> {
  const declared = await Promise.all(stack.repo.docker.images.map((image) => readDeclared(stack.repo, image)));
  const names = new Set(declared.map(({ name }) => name));
  const others = stack.files.services.filter((service) => !names.has(imageNameOf(stack, service)));
  const used = await Promise.all(others.map((service) => readUsed(stack, service)));
  return [...new Map([...declared, ...used].map((image) => [image.name, image])).values()];
}

async function readDeclared(repo: Repo, image: Repo["docker"]["images"][number]): Promise<GraphImage> {
  const { buildArgs, target, dockerfile } = image;
  return {
    name: familiarImageName(imageLatestTag(repo.docker.registryUrl, repo.name, image)),
    dockerfile: relative(repo.root, dockerfile),
    isBuilt: true,
    bases: findStageImages(await readText(dockerfile), { buildArgs, target }).map(familiarImageName),
  };
}

async function readUsed(stack: PlacedStack, service: Service): Promise<GraphImage> {
  const name = imageNameOf(stack, service);
  if (!service.hasBuild) return { name, dockerfile: undefined, isBuilt: false, bases: [] };
  const links = stack.files.topology.services.get(service.name);
  const path = findDockerfile(stack.files, service.name);
  const text = links?.inlineDockerfile ?? (path === undefined ? "" : await readText(path));
  const use = { buildArgs: links?.buildArgs ?? {}, target: links?.buildTarget };
  return {
    name,
    dockerfile: path === undefined ? undefined : relative(stack.repo.root, path),
    isBuilt: true,
    bases: findStageImages(text, use).map(familiarImageName),
  };
}

function findDockerfile({ resources }: Files, service: string): string | undefined {
  const uses = resources.flatMap(({ builds = [] }) => builds);
  return uses.find((use) => use.service === service && use.dockerfile !== undefined)?.dockerfile;
}

/** A Dockerfile that is not there is for the build to refuse. */
async function readText(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}
