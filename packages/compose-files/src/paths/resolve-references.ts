import type { LocalDisk, ResolvedPath } from "../disk/local-disk.js";
import { isRemoteContext, isWithin, type LocalPath } from "../disk/local-path.js";
import type { DocumentGroup, Link, LinkTarget } from "../model/document.js";
import { type EnvFile, loadEnvFile } from "../model/env-file.js";
import type { ComposeWarning, ContextUse, LocalResource } from "../project.js";
import { composeError } from "../text/compose-error.js";
import { formatLocation, type Location } from "../text/location.js";
import { type MapTree, nodeKey } from "../text/yaml-tree.js";
import { findReferences, type Owner, type PathFinder, type PathReference } from "./references.js";

/** The files of a project, and what of them is needed. */
export interface ReferringProject {
  /** The command's group is the first one. */
  readonly groups: readonly DocumentGroup[];
  /** All files merged. */
  readonly tree: MapTree;
  /** Whether what `owner` refers to has to be there. */
  readonly isNeeded: (owner: Owner, kind: LocalResource["kind"]) => boolean;
  readonly finders: readonly PathFinder[];
}

/** What references come to. */
export interface ResolvedReferences {
  /** Each reference and its target in the staged tree. */
  readonly links: readonly Link[];
  /** What is sent; one thing may be there for several references. */
  readonly resources: readonly LocalResource[];
  readonly builds: readonly BuildUse[];
  readonly envFiles: readonly EnvFile[];
  /** Paths in the staged tree. */
  readonly madeDirectories: readonly string[];
  readonly warnings: readonly ComposeWarning[];
}

/** What is built from a resource. */
export interface BuildUse extends Pick<LocalResource, "kind" | "remotePath"> {
  readonly use: ContextUse;
}

export function joinReferences(parts: readonly Partial<ResolvedReferences>[]): ResolvedReferences {
  return {
    links: parts.flatMap(({ links = [] }) => links),
    resources: parts.flatMap(({ resources = [] }) => resources),
    builds: parts.flatMap(({ builds = [] }) => builds),
    envFiles: parts.flatMap(({ envFiles = [] }) => envFiles),
    madeDirectories: parts.flatMap(({ madeDirectories = [] }) => madeDirectories),
    warnings: parts.flatMap(({ warnings = [] }) => warnings),
  };
}

/**
 * Looks up what the documents refer to. What only an overridden value or a disabled service refers to is sent where it
 * can be.
 *
 * @throws OttoError `COMPOSE_PATH_OUTSIDE_REPO`, `COMPOSE_FILE_MISSING`, `COMPOSE_PATH_UNSUPPORTED`, `COMPOSE_FILE_INVALID`.
 */
export async function resolveReferences(disk: LocalDisk, project: ReferringProject): Promise<ResolvedReferences> {
  const { groups, tree, isNeeded, finders } = project;
  const effective = findReferences(tree, finders);
  const needed = new Set(
    effective
      .filter(({ owner, kind, optional }) => !optional && isNeeded(owner, kind))
      .map(({ scalar }) => nodeKey(scalar)),
  );
  const documents = groups.flatMap((group) => group.documents);
  const written = documents.flatMap(({ trees }) => trees.flatMap((one) => findReferences(one, finders)));
  const byNode = new Map<string, PathReference>();
  for (const reference of [...written, ...effective]) {
    const key = nodeKey(reference.scalar);
    if (!byNode.has(key)) byNode.set(key, reference);
  }
  const parts: Partial<ResolvedReferences>[] = [];
  for (const [key, reference] of byNode) parts.push(await resolveReference(disk, project, reference, needed.has(key)));
  return joinReferences(parts);
}

async function resolveReference(
  disk: LocalDisk,
  project: ReferringProject,
  reference: PathReference,
  required: boolean,
): Promise<Partial<ResolvedReferences>> {
  const { kind, scalar, path, before, behind } = reference;
  const [command] = project.groups;
  // What Compose, a builder or the system looks for from the project directory, whichever file names it.
  const from = fromProjectDirectory.has(kind) && command !== undefined ? { base: command } : undefined;
  const local = localPathOf(disk, reference, from?.base.base ?? scalar.node.base);
  if (local === undefined) return {};
  const { to, ...found } = await resolveTarget(disk, project, reference, { local, required });
  return { ...found, links: [{ scalar, path, before, behind, to, from }] };
}

const fromProjectDirectory: ReadonlySet<PathReference["kind"]> = new Set(["seccomp", "provider", "cache"]);

/** Of these Compose takes an empty path for the directory that paths start from. */
const emptyIsBase: ReadonlySet<PathReference["kind"]> = new Set(["bind", "config", "secret"]);

/** `undefined` for what is not of this machine. */
function localPathOf(disk: LocalDisk, reference: PathReference, base: string): LocalPath | undefined {
  const { kind, path, scalar, isVerbatim } = reference;
  const { home } = disk;
  if (path === "" ? !emptyIsBase.has(kind) : kind === "build" && isRemoteContext(path)) return undefined;
  const local = disk.pathOf(path, base);
  if (!path.startsWith("/")) return isVerbatim ? undefined : local;
  if (isWithin(local.path, "/dev")) return undefined;
  if (disk.isInRepo(local.path)) {
    if (isVerbatim) throw composeError("COMPOSE_PATH_UNSUPPORTED", scalar.location, verbatimMessage);
    return local;
  }
  // A cache there is the parent's own.
  if (kind === "cache") return undefined;
  if (kind !== "bind") return local;
  const isOwnHome = !scalar.raw.startsWith("/") && home !== "/" && isWithin(local.path, home);
  return isOwnHome ? { path: local.path, fromHome: true } : undefined;
}

const verbatimMessage = "a volume with a device in the repo needs `driver: local` and `o: bind`";

async function resolveTarget(
  disk: LocalDisk,
  { groups, isNeeded }: ReferringProject,
  reference: PathReference,
  { local, required }: { readonly local: LocalPath; readonly required: boolean },
): Promise<{ readonly to: LinkTarget } & Partial<ResolvedReferences>> {
  const { kind, format, optional, owner, isMade } = reference;
  const { location } = reference.scalar;
  const exists = (await disk.stat(local.path)) !== undefined;
  if (kind === "env_file" && (required || (optional && exists && isNeeded(owner, kind)))) {
    const lookup = groups[0]?.lookup ?? (() => undefined);
    const file = await loadEnvFile(disk, lookup, { local, location, kind, required, format });
    return { to: { remotePath: file.remotePath }, envFiles: [file] };
  }
  // Nothing is there, and what would be there would be sent.
  if (required && isMade && !exists && disk.isInRepo(local.path)) return makeDirectory(disk, local, location);
  const resolved =
    required || (kind === "cache" && exists && isNeeded(owner, kind))
      ? await disk.resolve(local, location)
      : await disk.find(local);
  const to = { remotePath: resolved?.remotePath ?? disk.remotePathOf(local) };
  return { to, resources: resolved === undefined ? [] : [resourceOf(resolved, { kind, required, location })] };
}

function makeDirectory(disk: LocalDisk, local: LocalPath, location: Location) {
  const reference = formatLocation(location);
  const message = `${reference}: ${disk.display(local.path)} does not exist; an empty directory is mounted, as Compose does`;
  const remotePath = disk.remotePathOf(local);
  const warnings = [{ code: "COMPOSE_BIND_MADE", message, reference } as const];
  return { to: { remotePath }, madeDirectories: [remotePath], warnings };
}

export function resourceOf(
  resolved: ResolvedPath,
  { kind, required, location }: Pick<LocalResource, "kind" | "required"> & { readonly location: Location },
): LocalResource {
  return { ...resolved, kind, required, reference: formatLocation(location) };
}
