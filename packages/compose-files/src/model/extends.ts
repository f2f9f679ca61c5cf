import { posix } from "node:path";
import { isRemoteResource, resolveLocalPath } from "../disk/local-path.js";
import { composeError } from "../text/faults.js";
import { at, entriesOf, type MapTree, mapAt, type ScalarTree, scalarAt, type Tree } from "../text/yaml-tree.js";
import { type DocumentGroup, wholeLink } from "./compose-document.js";
import { emptyTree, type Loading, loadDocument } from "./loading.js";
import { mergeServices, mergeTrees } from "./merge.js";
import { warnRemote } from "./remote-resource.js";

/**
 * Every service of `tree` over the one that it extends, in the same file or another.
 *
 * @throws OttoError `COMPOSE_FILE_INVALID` for an unknown service or a cycle, and those of reading another file.
 */
export async function applyExtends(loading: Loading, group: DocumentGroup, tree: MapTree): Promise<MapTree> {
  const services = mapAt(tree, "services");
  if (services === undefined) return tree;
  const extended = new Map<string, Tree>();
  for (const [name, service] of services.entries) {
    extended.set(name, await extendService(loading, { group, services, chain: [] }, name, service));
  }
  return withEntry(tree, "services", { ...services, entries: extended });
}

interface Scope {
  readonly group: DocumentGroup;
  readonly services: MapTree;
  readonly chain: readonly string[];
}

async function extendService(loading: Loading, scope: Scope, name: string, service: Tree): Promise<Tree> {
  const declared = at(service, "extends");
  if (service.kind !== "map" || declared === undefined) return service;
  const step = `${scope.group.key} ${name}`;
  if (scope.chain.includes(step))
    throw composeError("COMPOSE_FILE_INVALID", declared.place, "services extend each other");
  const reference = declared.kind === "scalar" ? declared : scalarAt(declared, "service");
  const own = withoutEntry(service, "extends");
  if (reference === undefined) return own;
  const base = await baseScope(loading, { ...scope, chain: [...scope.chain, step] }, scalarAt(declared, "file"));
  if (base === undefined) return own;
  const found = base.services.entries.get(reference.text);
  if (found === undefined) {
    throw composeError("COMPOSE_FILE_INVALID", reference.place, `there is no service ${reference.text} to extend`);
  }
  const below = await extendService(loading, base, reference.text, found);
  return below.kind === "map" ? mergeServices(below, own) : own;
}

/** Where the extended service is to be found; `undefined` for a file that only the parent can fetch. */
async function baseScope(loading: Loading, scope: Scope, file: ScalarTree | undefined): Promise<Scope | undefined> {
  if (file === undefined) return scope;
  if (isRemoteResource(file.text)) return warnRemote(loading, file);
  const local = resolveLocalPath(file.text, scope.group.base, loading.source.home);
  const key = `${environmentKey(scope.group)} extends ${loading.locator.remotePathOf(local)}`;
  const group = loading.groups.find((other) => other.key === key) ?? (await loadExtended());
  const [document] = group.documents;
  if (document !== undefined) loading.links.push(wholeLink(file, { document }));
  const tree = (document?.trees ?? []).reduce(mergeTrees, emptyTree());
  return { group, services: mapAt(tree, "services") ?? emptyTree(), chain: scope.chain };

  async function loadExtended(): Promise<DocumentGroup> {
    const base = posix.dirname(local.path);
    const { lookup } = scope.group;
    const created: DocumentGroup = {
      ...{ kind: "extends", key, base, hasOwnBase: false, lookup, documents: [], impliedEnvFile: undefined },
    };
    await loadDocument(loading, created, { local, place: (file as ScalarTree).place });
    loading.groups.push(created);
    return created;
  }
}

/** Extended files see the variables of the file that extends them: the key tells apart those that see others. */
function environmentKey(group: DocumentGroup): string {
  return group.kind === "extends" ? (group.key.split(" extends ")[0] ?? "") : group.key;
}

function withEntry(tree: MapTree, name: string, value: Tree): MapTree {
  return { ...tree, entries: new Map(tree.entries).set(name, value) };
}

function withoutEntry(tree: MapTree, name: string): MapTree {
  return { ...tree, entries: new Map(entriesOf(tree).filter(([key]) => key !== name)) };
}
