import { posix } from "node:path";
import { isRemoteResource, isWithin, resolveLocalPath } from "../disk/local-path.js";
import { composeError } from "../text/faults.js";
import { at, itemsOf, type MapTree, mapAt, type ScalarTree, scalarAt, type Tree } from "../text/yaml-tree.js";
import { type DocumentGroup, type EnvFile, wholeLink } from "./compose-document.js";
import { emptyTree, type FileMention, findEnvFile, type Loading, loadEnvFile, lookupIn } from "./loading.js";
import { mergeTrees } from "./merge.js";
import { warnRemote } from "./remote-resource.js";

const sections = ["services", "volumes", "networks", "secrets", "configs", "models"];

export interface IncludeScope {
  readonly loading: Loading;
  /** The group that includes. */
  readonly group: DocumentGroup;
  /** The files that are being included, outermost first. */
  readonly chain: readonly string[];
  readonly loadGroup: (
    loading: Loading,
    group: DocumentGroup,
    files: readonly FileMention[],
    chain: readonly string[],
  ) => Promise<MapTree>;
}

/**
 * What `tree` includes, with `tree` over it.
 *
 * @throws OttoError `COMPOSE_FILE_INVALID` for a cycle, and those of reading the included files.
 */
export async function applyIncludes(scope: IncludeScope, tree: MapTree): Promise<MapTree> {
  const entries = itemsOf(at(tree, "include"));
  let merged = withoutInclude(tree);
  for (const [index, entry] of entries.entries()) {
    const imported = await loadInclude(scope, entry, index);
    merged = mergeTrees(onlySections(imported), merged);
  }
  return merged;
}

function withoutInclude(tree: MapTree): MapTree {
  return { ...tree, entries: new Map([...tree.entries].filter(([name]) => name !== "include")) };
}

function onlySections(tree: MapTree): MapTree {
  return { ...tree, entries: new Map([...tree.entries].filter(([name]) => sections.includes(name))) };
}

async function loadInclude(scope: IncludeScope, entry: Tree, index: number): Promise<MapTree> {
  const { loading, group: outer, chain } = scope;
  const paths = scalarsOf(entry.kind === "map" ? at(entry, "path") : entry);
  const [first] = paths;
  if (first === undefined) return emptyTree();
  if (isRemoteResource(first.text)) return warnRemote(loading, first) ?? emptyTree();
  const files = paths.map((scalar) => ({ scalar, place: scalar.place, local: localPath(loading, outer, scalar) }));
  const main = files[0]?.local.path ?? "";
  if (chain.includes(main)) throw composeError("COMPOSE_FILE_INVALID", first.place, "files include each other");
  const group = await includeGroup(loading, outer, entry, { main, index });
  const tree = await scope.loadGroup(loading, group, files, [...chain, main]);
  linkDocuments(loading, group, files);
  return tree;
}

/** The group lists its documents in the order of `files`: extended ones are in groups of their own. */
function linkDocuments({ links }: Loading, group: DocumentGroup, files: readonly { scalar: ScalarTree }[]): void {
  for (const [index, { scalar }] of files.entries()) {
    const document = group.documents[index];
    if (document !== undefined) links.push(wholeLink(scalar, { document }));
  }
}

async function includeGroup(
  loading: Loading,
  outer: DocumentGroup,
  entry: Tree,
  { main, index }: { main: string; index: number },
): Promise<DocumentGroup> {
  const directory = scalarAt(mapAt(entry), "project_directory");
  const base = directory === undefined ? posix.dirname(main) : localPath(loading, outer, directory).path;
  const named = await namedEnvFiles(loading, outer, entry);
  const implied = named.length > 0 ? undefined : await findEnvFile(loading, outer.lookup, base);
  const files = implied === undefined ? named : [implied];
  const place = loading.locator.remotePathOf({ path: main, fromHome: false });
  const key = `${outer.key} include ${index} ${place}`;
  const group: DocumentGroup = {
    kind: "include",
    key: loading.groups.some((other) => other.key === key) ? `${key} ${loading.groups.length}` : key,
    base,
    hasOwnBase: directory !== undefined,
    lookup: lookupIn(loading, outer.lookup, files),
    documents: [],
    impliedEnvFile: implied,
  };
  loading.groups.push(group);
  if (directory !== undefined) loading.links.push(wholeLink(directory, { base: group }));
  return group;
}

async function namedEnvFiles(loading: Loading, outer: DocumentGroup, entry: Tree): Promise<EnvFile[]> {
  const files: EnvFile[] = [];
  for (const scalar of scalarsOf(at(entry, "env_file"))) {
    const local = localPath(loading, outer, scalar);
    if (isWithin(local.path, "/dev")) continue;
    const mention = { local, place: scalar.place, kind: "dotenv", required: true } as const;
    const envFile = await loadEnvFile(loading, outer.lookup, mention);
    loading.links.push(wholeLink(scalar, { remotePath: envFile.remotePath }));
    files.push(envFile);
  }
  return files;
}

function localPath(loading: Loading, outer: DocumentGroup, scalar: ScalarTree) {
  return resolveLocalPath(scalar.text, outer.base, loading.source.home);
}

function scalarsOf(tree: Tree | undefined): ScalarTree[] {
  return itemsOf(tree).filter((item): item is ScalarTree => item.kind === "scalar" && !item.isNull);
}
