import type { Location } from "../text/location.js";
import { emptyScalar, entriesOf, type MapTree, mapAt, type ScalarTree } from "../text/yaml-tree.js";
import type { DocumentGroup } from "./document.js";

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
export function withDefaultContexts(
  group: DocumentGroup,
  tree: MapTree,
): { readonly tree: MapTree; readonly defaultContexts: readonly DefaultContext[] } {
  const services = mapAt(tree, "services");
  if (services === undefined) return { tree, defaultContexts: [] };
  const entries = new Map(services.entries);
  const defaultContexts: DefaultContext[] = [];
  for (const [service, definition] of entriesOf(services)) {
    const build = mapAt(definition, "build");
    if (definition.kind !== "map" || build === undefined || build.entries.has("context")) continue;
    const scalar = defaultScalar(group, service, build.location);
    defaultContexts.push({ service, group, scalar });
    const withContext = { ...build, entries: new Map(build.entries).set("context", scalar) };
    entries.set(service, { ...definition, entries: new Map(definition.entries).set("build", withContext) });
  }
  return {
    tree: { ...tree, entries: new Map(tree.entries).set("services", { ...services, entries }) },
    defaultContexts,
  };
}

function defaultScalar({ key, base }: DocumentGroup, service: string, location: Location): ScalarTree {
  const node = { documentId: `${key} context ${service}`, base, range: [0, 0] as const };
  return { ...emptyScalar(location, node), text: ".", raw: "." };
}
