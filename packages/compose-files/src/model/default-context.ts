import { relativePath } from "../disk/local-path.js";
import { siteKey } from "../paths/shipping.js";
import type { RewrittenFile } from "../project.js";
import type { Placement } from "../ship/rewriting.js";
import { escapeDollars } from "../text/template.js";
import { entriesOf, type MapTree, mapAt, type Place, type ScalarTree } from "../text/yaml-tree.js";
import type { DocumentGroup } from "./compose-document.js";
import type { Loading } from "./loading.js";

/** The context of a build that names none. */
export interface DefaultContext {
  readonly service: string;
  /** Whose paths it starts from. */
  readonly group: DocumentGroup;
  /** In no document. */
  readonly scalar: ScalarTree;
}

/**
 * The group's services, each build with a context: Compose takes the directory that the group's paths start from, of a
 * service that extends one of another file, too.
 */
export function withDefaultContexts(loading: Loading, group: DocumentGroup, tree: MapTree): MapTree {
  const services = mapAt(tree, "services");
  if (services === undefined) return tree;
  const entries = new Map(services.entries);
  for (const [service, definition] of entriesOf(services)) {
    const build = mapAt(definition, "build");
    if (definition.kind !== "map" || build === undefined || build.entries.has("context")) continue;
    const scalar = defaultScalar(loading.documentCount++, build.place);
    loading.defaultContexts.push({ service, group, scalar });
    const withContext = { ...build, entries: new Map(build.entries).set("context", scalar) };
    entries.set(service, { ...definition, entries: new Map(definition.entries).set("build", withContext) });
  }
  return { ...tree, entries: new Map(tree.entries).set("services", { ...services, entries }) };
}

function defaultScalar(documentId: number, place: Place): ScalarTree {
  const site = { documentId, range: [0, 0] as const };
  return { kind: "scalar", place, site, isNull: false, text: ".", raw: ".", template: undefined, tag: undefined };
}

/**
 * A compose file over the others that names the contexts which they leave to Compose, as far as it would look elsewhere:
 * beside included files that are moved.
 */
export function writeDefaultContexts(loading: Loading, placement: Placement): RewrittenFile | undefined {
  const [command] = loading.groups;
  const services = loading.defaultContexts.flatMap(({ service, group, scalar }) => {
    const to = loading.links.find((link) => siteKey(link.scalar) === siteKey(scalar))?.to;
    if (command === undefined || to === undefined || !("remotePath" in to)) return [];
    if (placement.baseOf(group) === to.remotePath) return [];
    const context = escapeDollars(relativePath(placement.baseOf(command), to.remotePath));
    return [[service, { build: { context } }] as const];
  });
  if (services.length === 0) return undefined;
  return {
    remotePath: "compose/contexts.json",
    content: JSON.stringify({ services: Object.fromEntries(services) }),
  };
}
