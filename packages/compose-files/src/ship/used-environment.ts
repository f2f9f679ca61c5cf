import { isWithin } from "../disk/local-path.js";
import type { EnvFile } from "../model/env-file.js";
import { isParentVariable } from "../model/parent-variable.js";
import { findBareVariables, findContentVariables, namesIn, scalarsOf } from "../model/variables.js";
import type { ComposeProject, ComposeSource, ComposeWarning } from "../project.js";
import { type DotenvEntry, entryVariables } from "../text/dotenv.js";
import { formatLocation, type Location } from "../text/location.js";
import { hasRequiredVariable, parseTemplate, variableNames } from "../text/template.js";
import { nodeKey } from "../text/yaml-tree.js";
import type { Rewriting } from "./plan-rewriting.js";

/** The variables that the texts on the parent ask for, each with the first location that does. */
export type VariableUses = ReadonlyMap<string, Location>;

/** What the documents and the services' files name, and what the variables of the project's own files are made of. */
export function findVariableUses({ documents }: Rewriting, envFiles: readonly EnvFile[]): VariableUses {
  const uses = new Map<string, Location>();
  const use = (name: string, location: Location) => uses.has(name) || uses.set(name, location);
  for (const [document, { edits }] of documents) {
    for (const tree of document.trees) {
      for (const scalar of scalarsOf(tree)) {
        const edit = edits.get(nodeKey(scalar));
        const names = edit === undefined ? namesIn(scalar) : variableNames(parseTemplate(edit.text));
        for (const name of names) use(name, scalar.location);
      }
      for (const { name, scalar } of findBareVariables(tree)) use(name, scalar.location);
      for (const name of findContentVariables(tree)) use(name, tree.location);
    }
  }
  followEnvFiles(envFiles, uses, use);
  return uses;
}

/** Of a project's own variables only those matter that something asks for: the last ones first, as they build on others. */
function followEnvFiles(
  envFiles: readonly EnvFile[],
  uses: VariableUses,
  use: (name: string, location: Location) => void,
): void {
  for (const { dotenv, kind, location } of [...envFiles].reverse()) {
    const isUsed = (entry: DotenvEntry) => {
      const isRequired = entry.value !== undefined && hasRequiredVariable(entry.value);
      return kind === "env_file" || isRequired || isParentVariable(entry.name) || uses.has(entry.name);
    };
    for (const entry of [...dotenv.entries].reverse()) {
      if (isUsed(entry)) for (const name of entryVariables(entry)) use(name, location);
    }
  }
}

/** The caller's variables that are asked for, and what is to be said about their values. */
export function usedEnvironment(
  source: ComposeSource,
  uses: VariableUses,
): Pick<ComposeProject, "environment" | "warnings"> {
  const environment = new Map<string, string>();
  const warnings: ComposeWarning[] = [];
  for (const [name, location] of [...uses].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const value = source.environment[name];
    if (value === undefined || isParentVariable(name) || name === "COMPOSE_PROJECT_NAME") continue;
    environment.set(name, value);
    if (isLocalPath(source, value)) warnings.push(localPathWarning(name, formatLocation(location)));
  }
  return { environment: Object.fromEntries(environment), warnings };
}

function isLocalPath({ repoRoot, home }: ComposeSource, value: string): boolean {
  return isWithin(value, repoRoot) || (home !== "/" && isWithin(value, home));
}

function localPathWarning(name: string, reference: string): ComposeWarning {
  const message = `${reference}: the value of ${name} is a path of this machine, and reaches the parent as it is`;
  return { code: "COMPOSE_LOCAL_PATH_IN_VALUE", message, reference };
}
