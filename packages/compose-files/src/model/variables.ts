import { variableNames } from "../text/template.js";
import { entriesOf, itemsOf, type MapTree, mapAt, type ScalarTree, type Tree, textAt } from "../text/yaml-tree.js";

/** A variable that is named without a value, and takes that of the environment: `environment: [TOKEN]`. */
export interface BareVariable {
  readonly name: string;
  readonly scalar: ScalarTree;
}

export function findBareVariables(tree: MapTree): BareVariable[] {
  return entriesOf(mapAt(tree, "services")).flatMap(([, service]) => {
    const build = mapAt(service, "build");
    return [...bareIn(mapAt(service)?.entries.get("environment")), ...bareIn(build?.entries.get("args"))];
  });
}

function bareIn(tree: Tree | undefined): BareVariable[] {
  if (tree?.kind === "map") {
    return [...tree.entries].flatMap(([name, value]) =>
      value.kind === "scalar" && value.isNull ? [{ name, scalar: value }] : [],
    );
  }
  return itemsOf(tree).flatMap((item) => {
    return item.kind === "scalar" && !item.isNull && !item.text.includes("=")
      ? [{ name: item.text, scalar: item }]
      : [];
  });
}

/** Variables that `configs` and `secrets` are made of. */
export function findContentVariables(tree: MapTree): string[] {
  return [...variablesOf(tree, "configs").values(), ...findSecretVariables(tree).values()];
}

/** Variables that `secrets` are made of, by the secrets' names. */
export function findSecretVariables(tree: MapTree): Map<string, string> {
  return variablesOf(tree, "secrets");
}

function variablesOf(tree: MapTree, section: string): Map<string, string> {
  const named = entriesOf(mapAt(tree, section)).map(([name, value]) => [name, textAt(value, "environment")] as const);
  return new Map(named.filter((pair): pair is readonly [string, string] => pair[1] !== undefined));
}

/** Every scalar of a tree, those that aliases bring in several times. */
export function scalarsOf(tree: Tree): ScalarTree[] {
  if (tree.kind === "scalar") return [tree];
  return (tree.kind === "seq" ? [...tree.items] : [...tree.entries.values()]).flatMap(scalarsOf);
}

export function namesIn({ template }: ScalarTree): string[] {
  return template === undefined ? [] : variableNames(template);
}
