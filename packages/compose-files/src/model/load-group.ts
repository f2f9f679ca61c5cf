import { posix } from "node:path";
import type { FileReference, LocalDisk } from "../disk/local-disk.js";
import { isRemoteResource, isWithin } from "../disk/local-path.js";
import { composeError } from "../text/compose-error.js";
import {
  at,
  emptyTree,
  filterEntries,
  itemsOf,
  type MapTree,
  mapAt,
  type ScalarTree,
  scalarAt,
  type Tree,
} from "../text/yaml-tree.js";
import { withDefaultContexts } from "./default-context.js";
import { type ComposeDocument, type DocumentGroup, type GroupScope, loadDocument, wholeLink } from "./document.js";
import { type EnvFile, findEnvFile, loadEnvFile, lookupIn } from "./env-file.js";
import { applyExtends, createExtendedFiles } from "./extends.js";
import { type Findings, joinFindings, remoteWarning } from "./findings.js";
import { mergeTrees } from "./merge.js";

export interface LoadedGroup extends Findings {
  readonly group: DocumentGroup;
  /** All of it merged, what it extends and includes too. */
  readonly tree: MapTree;
}

/**
 * All documents of a group, one over the other, with what they extend and include.
 *
 * @param chain the files that are being included, outermost first
 * @throws OttoError `COMPOSE_FILE_INVALID` for a cycle, and those of reading the files.
 */
export async function loadGroup(
  disk: LocalDisk,
  scope: GroupScope,
  files: readonly FileReference[],
  chain: readonly string[],
): Promise<LoadedGroup> {
  const extendedFiles = createExtendedFiles(disk, scope);
  const documents: ComposeDocument[] = [];
  const parts: Partial<Findings>[] = [];
  let merged = emptyTree(files[0]?.location);
  let includes = 0;
  for (const [index, file] of files.entries()) {
    const document = await loadDocument(disk, scope, file, index);
    documents.push(document);
    for (const own of document.trees) {
      const extended = await applyExtends(extendedFiles, own);
      parts.push(extended);
      let tree = filterEntries(extended.tree, (name) => name !== "include");
      for (const entry of itemsOf(at(own, "include"))) {
        const included = await loadInclude(disk, scope, entry, { chain, index: includes++ });
        parts.push(included);
        tree = mergeTrees(
          filterEntries(included.tree, (name) => sections.includes(name)),
          tree,
        );
      }
      merged = mergeTrees(merged, tree);
    }
  }
  const group = { ...scope, documents };
  const { tree, defaultContexts } = withDefaultContexts(group, merged);
  return { group, tree, ...joinFindings({ groups: [group] }, ...parts, { defaultContexts }) };
}

/** What of an included file counts. */
const sections = ["services", "volumes", "networks", "secrets", "configs", "models"];

/** Where an entry of `include` stands. */
interface IncludePosition {
  readonly chain: readonly string[];
  /** Among all includes of the group. */
  readonly index: number;
}

async function loadInclude(
  disk: LocalDisk,
  outer: GroupScope,
  entry: Tree,
  { chain, index }: IncludePosition,
): Promise<{ readonly tree: MapTree } & Partial<Findings>> {
  const paths = scalarsOf(entry.kind === "map" ? at(entry, "path") : entry);
  const [first] = paths;
  if (first === undefined) return { tree: emptyTree() };
  if (isRemoteResource(first.text)) return { tree: emptyTree(), warnings: [remoteWarning(first)] };
  const files = paths.map((scalar) => ({ location: scalar.location, local: disk.pathOf(scalar.text, outer.base) }));
  const main = files[0]?.local.path ?? "";
  if (chain.includes(main)) throw composeError("COMPOSE_FILE_INVALID", first.location, "files include each other");

  const directory = scalarAt(mapAt(entry), "project_directory");
  const base = directory === undefined ? posix.dirname(main) : disk.pathOf(directory.text, outer.base).path;
  const named = await namedEnvFiles(disk, outer, entry);
  const implied = named.length > 0 ? undefined : await findEnvFile(disk, outer.lookup, base);
  const envFiles = implied === undefined ? named.map(({ file }) => file) : [implied];
  const scope: GroupScope = {
    kind: "include",
    key: `${outer.key} include ${index} ${disk.remotePathOf({ path: main, fromHome: false })}`,
    base,
    hasOwnBase: directory !== undefined,
    lookup: lookupIn(outer.lookup, envFiles),
    envFiles,
    impliedEnvFile: implied,
  };
  const { group, tree, ...found } = await loadGroup(disk, scope, files, [...chain, main]);
  const links = [
    ...named.map(({ scalar, file }) => wholeLink(scalar, { remotePath: file.remotePath })),
    ...(directory === undefined ? [] : [wholeLink(directory, { base: group })]),
    ...paths.flatMap((scalar, position) => {
      const document = group.documents[position];
      return document === undefined ? [] : [wholeLink(scalar, { document })];
    }),
  ];
  return { tree, ...joinFindings({ links }, found) };
}

async function namedEnvFiles(
  disk: LocalDisk,
  outer: GroupScope,
  entry: Tree,
): Promise<{ readonly scalar: ScalarTree; readonly file: EnvFile }[]> {
  const files = [];
  for (const scalar of scalarsOf(at(entry, "env_file"))) {
    const local = disk.pathOf(scalar.text, outer.base);
    if (isWithin(local.path, "/dev")) continue;
    const reference = { local, location: scalar.location, kind: "dotenv", required: true } as const;
    files.push({ scalar, file: await loadEnvFile(disk, outer.lookup, reference) });
  }
  return files;
}

function scalarsOf(tree: Tree | undefined): ScalarTree[] {
  return itemsOf(tree).filter((item): item is ScalarTree => item.kind === "scalar" && !item.isNull);
}
