import type { ComposeWarning } from "../project.js";
import { formatLocation } from "../text/location.js";
import { entriesOf, mapAt, type ScalarTree, scalarAt, type Tree } from "../text/yaml-tree.js";
import { contextsBeside, localCache, scalarsIn } from "./references.js";
import type { ReferringProject } from "./resolve-references.js";

/** Names the paths of services that are to run which are looked for on the parent, and not sent. */
export function findParentPaths({ tree, isNeeded }: Pick<ReferringProject, "tree" | "isNeeded">): ComposeWarning[] {
  const needed = entriesOf(mapAt(tree, "services")).filter(([name]) =>
    isNeeded({ section: "services", name }, "build"),
  );
  return needed.flatMap(([, service]) =>
    parentPaths(service).map(({ scalar, reason }) => {
      const reference = formatLocation(scalar.location);
      return { code: "COMPOSE_PATH_NOT_SENT", message: `${reference}: ${reason}`, reference };
    }),
  );
}

interface ParentPath {
  readonly scalar: ScalarTree;
  readonly reason: string;
}

function parentPaths(service: Tree): ParentPath[] {
  const build = mapAt(service, "build");
  const credentials = scalarAt(service, "credential_spec", "file");
  const written = scalarsIn(build, "cache_to").filter((scalar) => localCache(scalar, "dest") !== undefined);
  const layouts = contextsBeside(build).filter(({ text }) => text.startsWith("oci-layout://"));
  return [
    ...(credentials === undefined
      ? []
      : [{ scalar: credentials, reason: "a file of the engine's own directory of credential specs; it is not sent" }]),
    ...written.map((scalar) => ({ scalar, reason: "the cache is written on the parent, and does not come back" })),
    ...layouts.map((scalar) => ({ scalar, reason: "an OCI layout is looked for on the parent; it is not sent" })),
  ];
}
