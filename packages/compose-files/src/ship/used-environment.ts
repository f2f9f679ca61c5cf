import { isWithin } from "../disk/local-path.js";
import type { EnvFile } from "../model/compose-document.js";
import type { Loading } from "../model/loading.js";
import { isParentVariable } from "../model/parent-variable.js";
import { findBareVariables, findContentVariables, namesIn, scalarsOf } from "../model/variables.js";
import { siteKey } from "../paths/shipping.js";
import type { ComposeProject, ComposeWarning } from "../project.js";
import { type DotenvEntry, entryVariables } from "../text/dotenv.js";
import { mentionOf } from "../text/faults.js";
import { hasRequiredVariable, parseTemplate, variableNames } from "../text/template.js";
import type { Place } from "../text/yaml-tree.js";
import type { Placement } from "./rewriting.js";

/** The variables that the texts on the parent ask for, each with the first place that does. */
export type VariableUses = ReadonlyMap<string, Place>;

/** What the documents and the services' files name, and what the variables of the project's own files are made of. */
export function findVariableUses({ groups, envFiles }: Loading, placement: Placement): VariableUses {
  const uses = new Map<string, Place>();
  const use = (name: string, place: Place) => uses.has(name) || uses.set(name, place);
  for (const document of groups.flatMap((group) => group.documents)) {
    const edits = placement.editsOf(document);
    for (const tree of document.trees) {
      for (const scalar of scalarsOf(tree)) {
        const edit = edits.get(siteKey(scalar));
        const names = edit === undefined ? namesIn(scalar) : variableNames(parseTemplate(edit.text));
        for (const name of names) use(name, scalar.place);
      }
      for (const { name, scalar } of findBareVariables(tree)) use(name, scalar.place);
      for (const name of findContentVariables(tree)) use(name, tree.place);
    }
  }
  followEnvFiles(envFiles, uses, use);
  return uses;
}

/** Of a project's own variables only those matter that something asks for: the last ones first, as they build on others. */
function followEnvFiles(
  envFiles: readonly EnvFile[],
  uses: VariableUses,
  use: (name: string, place: Place) => void,
): void {
  for (const { dotenv, kind, place } of [...envFiles].reverse()) {
    const isUsed = (entry: DotenvEntry) => {
      const isRequired = entry.value !== undefined && hasRequiredVariable(entry.value);
      return kind === "env_file" || isRequired || isParentVariable(entry.name) || uses.has(entry.name);
    };
    for (const entry of [...dotenv.entries].reverse()) {
      if (isUsed(entry)) for (const name of entryVariables(entry)) use(name, place);
    }
  }
}

/** The caller's variables that are asked for, and what is to be said about their values. */
export function usedEnvironment(
  loading: Loading,
  uses: VariableUses,
): Pick<ComposeProject, "environment" | "warnings"> {
  const { source, warnings } = loading;
  const environment = new Map<string, string>();
  const local: ComposeWarning[] = [];
  for (const [name, place] of [...uses].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const value = source.environment[name];
    if (value === undefined || isParentVariable(name) || name === "COMPOSE_PROJECT_NAME") continue;
    environment.set(name, value);
    if (isLocalPath(loading, value)) local.push(localPathWarning(name, mentionOf(place)));
  }
  return { environment: Object.fromEntries(environment), warnings: [...warnings.values(), ...local] };
}

function isLocalPath({ source }: Loading, value: string): boolean {
  return isWithin(value, source.repoRoot) || (source.home !== "/" && isWithin(value, source.home));
}

function localPathWarning(name: string, mention: string): ComposeWarning {
  const message = `${mention}: the value of ${name} is a path of this machine, and reaches the parent as it is`;
  return { code: "COMPOSE_LOCAL_PATH_IN_VALUE", message, mention };
}
