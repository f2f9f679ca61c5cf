import { posix } from "node:path";
import type { FileReference, LocalDisk } from "../disk/local-disk.js";
import { isRemoteResource } from "../disk/local-path.js";
import { composeError } from "../text/compose-error.js";
import {
  at,
  emptyTree,
  filterEntries,
  type MapTree,
  mapAt,
  type ScalarTree,
  scalarAt,
  type Tree,
} from "../text/yaml-tree.js";
import { type DocumentGroup, type GroupScope, loadDocument, wholeLink } from "./document.js";
import { type Findings, joinFindings, remoteWarning } from "./findings.js";
import { mergeServices, mergeTrees } from "./merge.js";

/** The files that services of a group extend, each read once. They see the variables of the group. */
export interface ExtendedFiles {
  readonly scope: GroupScope;
  readonly disk: LocalDisk;
  load(reference: FileReference): Promise<DocumentGroup>;
}

export function createExtendedFiles(disk: LocalDisk, scope: GroupScope): ExtendedFiles {
  const files = new Map<string, DocumentGroup>();
  return {
    ...{ scope, disk },
    async load(reference) {
      const { local } = reference;
      const key = `${scope.key} extends ${disk.remotePathOf(local)}`;
      const known = files.get(key);
      if (known !== undefined) return known;
      const own = { base: posix.dirname(local.path), hasOwnBase: false, envFiles: [], impliedEnvFile: undefined };
      const extended: GroupScope = { kind: "extends", key, lookup: scope.lookup, ...own };
      const group = { ...extended, documents: [await loadDocument(disk, extended, reference)] };
      files.set(key, group);
      return group;
    },
  };
}

type Extended<T extends Tree> = { readonly tree: T } & Partial<Findings>;

/**
 * Every service of `tree` over the one that it extends, in the same file or another.
 *
 * @throws OttoError `COMPOSE_FILE_INVALID` for an unknown service or a cycle, and those of reading another file.
 */
export async function applyExtends(files: ExtendedFiles, tree: MapTree): Promise<Extended<MapTree>> {
  const services = mapAt(tree, "services");
  if (services === undefined) return { tree };
  const { base, key } = files.scope;
  const found: Partial<Findings>[] = [];
  const extended = new Map<string, Tree>();
  for (const [name, service] of services.entries) {
    const { tree: whole, ...rest } = await extendService(files, { base, key, services, chain: [] }, name, service);
    extended.set(name, whole);
    found.push(rest);
  }
  const entries = new Map(tree.entries).set("services", { ...services, entries: extended });
  return { tree: { ...tree, entries }, ...joinFindings(...found) };
}

/** Where services look for those that they extend. */
interface Scope extends Pick<GroupScope, "base" | "key"> {
  readonly services: MapTree;
  readonly chain: readonly string[];
}

async function extendService(files: ExtendedFiles, scope: Scope, name: string, service: Tree): Promise<Extended<Tree>> {
  const declared = at(service, "extends");
  if (service.kind !== "map" || declared === undefined) return { tree: service };
  const step = `${scope.key} ${name}`;
  if (scope.chain.includes(step))
    throw composeError("COMPOSE_FILE_INVALID", declared.location, "services extend each other");
  const reference = declared.kind === "scalar" ? declared : scalarAt(declared, "service");
  const own = filterEntries(service, (key) => key !== "extends");
  if (reference === undefined) return { tree: own };
  const file = scalarAt(declared, "file");
  if (file !== undefined && isRemoteResource(file.text)) return { tree: own, warnings: [remoteWarning(file)] };
  const { base, ...found } = await baseScope(files, { ...scope, chain: [...scope.chain, step] }, file);
  const extended = base.services.entries.get(reference.text);
  if (extended === undefined)
    throw composeError("COMPOSE_FILE_INVALID", reference.location, `there is no service ${reference.text} to extend`);
  const { tree, ...below } = await extendService(files, base, reference.text, extended);
  return { tree: tree.kind === "map" ? mergeServices(tree, own) : own, ...joinFindings(found, below) };
}

/** Where the extended service is to be found: in the same file, or in `file`. */
async function baseScope(
  files: ExtendedFiles,
  scope: Scope,
  file: ScalarTree | undefined,
): Promise<{ readonly base: Scope } & Partial<Findings>> {
  if (file === undefined) return { base: scope };
  const group = await files.load({ local: files.disk.pathOf(file.text, scope.base), location: file.location });
  const trees = group.documents.flatMap((document) => document.trees);
  const services = mapAt(trees.reduce(mergeTrees, emptyTree()), "services") ?? emptyTree();
  const links = group.documents.map((document) => wholeLink(file, { document }));
  const base = { base: group.base, key: group.key, services, chain: scope.chain };
  return { base, groups: [group], links };
}
