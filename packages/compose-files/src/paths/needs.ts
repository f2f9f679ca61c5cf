import type { Selection } from "../model/services.js";
import type { LocalResourceKind } from "../project.js";
import { at, itemsOf, type MapTree, scalarAt, type Tree, textAt } from "../text/yaml-tree.js";
import type { Owner } from "./references.js";

/** Tells what has to be there for `selection` to run: Compose reads more of a service's files than those it runs with. */
export function findNeeds(project: MapTree, selection: Selection): (owner: Owner, kind: LocalResourceKind) => boolean {
  const services = [...selection.enabled].map((name) => at(project, "services", name));
  const used = {
    configs: new Set(services.flatMap((service) => sourcesOf(at(service, "configs")))),
    secrets: new Set(
      services.flatMap((service) => [
        ...sourcesOf(at(service, "secrets")),
        ...sourcesOf(at(service, "build", "secrets")),
      ]),
    ),
    volumes: new Set(services.flatMap((service) => itemsOf(at(service, "volumes")).map(volumeName))),
  };
  return ({ section, name }, kind) => {
    if (section !== "services") return used[section].has(name);
    return (kind === "env_file" || kind === "label_file" ? selection.active : selection.enabled).has(name);
  };
}

function sourcesOf(tree: Tree | undefined): string[] {
  return itemsOf(tree).flatMap((item) => textAt(item, "source") ?? scalarAt(item)?.text ?? []);
}

function volumeName(item: Tree): string {
  return textAt(item, "source") ?? scalarAt(item)?.text.split(":", 1)[0] ?? "";
}
