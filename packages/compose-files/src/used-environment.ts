import { dotenvVariables } from "./dotenv.js";
import { mentionOf } from "./faults.js";
import type { Loading } from "./loading.js";
import { isWithin } from "./local-path.js";
import { isParentVariable } from "./parent-variable.js";
import type { ComposeProject, ComposeWarning } from "./project.js";
import type { Placement } from "./rewriting.js";
import { siteKey } from "./shipping.js";
import { parseTemplate, variableNames } from "./template.js";
import { findBareVariables, findContentVariables, namesIn, scalarsOf } from "./variables.js";
import type { Place } from "./yaml-tree.js";

/** The caller's variables that the texts on the parent still name, and what is to be said about the values. */
export function usedEnvironment(
  loading: Loading,
  placement: Placement,
): Pick<ComposeProject, "environment" | "warnings"> {
  const { source, warnings } = loading;
  const uses = new Map<string, Place>();
  for (const [name, place] of variableUses(loading, placement)) if (!uses.has(name)) uses.set(name, place);
  const environment: Record<string, string> = {};
  const local: ComposeWarning[] = [];
  for (const [name, place] of [...uses].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const value = source.environment[name];
    if (value === undefined || isParentVariable(name) || name === "COMPOSE_PROJECT_NAME") continue;
    environment[name] = value;
    if (isLocalPath(loading, value)) local.push(localPathWarning(name, mentionOf(place)));
  }
  return { environment, warnings: [...warnings.values(), ...local] };
}

function isLocalPath({ source }: Loading, value: string): boolean {
  return isWithin(value, source.repoRoot) || (source.home !== "/" && isWithin(value, source.home));
}

function localPathWarning(name: string, mention: string): ComposeWarning {
  const message = `${mention}: the value of ${name} is a path of this machine, and reaches the parent as it is`;
  return { code: "COMPOSE_LOCAL_PATH_IN_VALUE", message, mention };
}

function* variableUses({ groups, envFiles }: Loading, placement: Placement): Generator<[string, Place]> {
  for (const document of groups.flatMap((group) => group.documents)) {
    const edits = placement.editsOf(document);
    for (const tree of document.trees) {
      for (const scalar of scalarsOf(tree)) {
        const edit = edits.get(siteKey(scalar));
        const names = edit === undefined ? namesIn(scalar) : variableNames(parseTemplate(edit.text));
        for (const name of names) yield [name, scalar.place];
      }
      for (const { name, scalar } of findBareVariables(tree)) yield [name, scalar.place];
      for (const name of findContentVariables(tree)) yield [name, tree.place];
    }
  }
  for (const { dotenv, place } of envFiles) for (const name of dotenvVariables(dotenv)) yield [name, place];
}
