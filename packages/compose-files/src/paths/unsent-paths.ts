import { mentionOf } from "../text/faults.js";
import { entriesOf, mapAt, type ScalarTree, scalarAt, type Tree } from "../text/yaml-tree.js";
import { contextsBeside, localCache, scalarsIn } from "./references.js";
import type { Shipping } from "./shipping.js";

/** Names the paths of services that are to run which are looked for on the parent, and not sent. */
export function warnOfUnsent({ loading, project, isNeeded }: Shipping): void {
  for (const [name, service] of entriesOf(mapAt(project, "services"))) {
    if (!isNeeded({ section: "services", name }, "build")) continue;
    for (const { scalar, reason } of unsentPaths(service)) {
      const mention = mentionOf(scalar.place);
      const message = `${mention}: ${reason}`;
      loading.warnings.set(`unsent ${mention}`, { code: "COMPOSE_PATH_NOT_SENT", message, mention });
    }
  }
}

interface UnsentPath {
  readonly scalar: ScalarTree;
  readonly reason: string;
}

function unsentPaths(service: Tree): UnsentPath[] {
  const build = mapAt(service, "build");
  const credentials = scalarAt(service, "credential_spec", "file");
  const written = build === undefined ? [] : scalarsIn(build, "cache_to");
  const layouts = contextsBeside(build).filter(({ text }) => text.startsWith("oci-layout://"));
  return [
    ...(credentials === undefined
      ? []
      : [{ scalar: credentials, reason: "a file of the engine's own directory of credential specs; it is not sent" }]),
    ...written
      .filter((scalar) => localCache(scalar, "dest") !== undefined)
      .map((scalar) => ({ scalar, reason: "the cache is written on the parent, and does not come back" })),
    ...layouts.map((scalar) => ({ scalar, reason: "an OCI layout is looked for on the parent; it is not sent" })),
  ];
}
