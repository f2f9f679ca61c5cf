import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

/** A package of the workspace that others install. */
export interface WorkspacePackage {
  readonly name: string;
  readonly description: string;
  /** Absolute. */
  readonly directory: string;
  /** From the root of the workspace. */
  readonly path: string;
  /** Names of what it depends on, packages of the workspace apart from others'. */
  readonly own: readonly string[];
  readonly thirdParty: readonly string[];
}

interface Manifest {
  readonly name: string;
  readonly description: string;
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** Every published package, those first that others stand on. */
export function listPackages(root: string): readonly WorkspacePackage[] {
  const found = ["packages", "apps"]
    .flatMap((group) => readdirSync(join(root, group)).map((name) => join(root, group, name)))
    .filter((directory) => existsSync(join(directory, "package.json")))
    .flatMap((directory) => readPackage(root, directory));
  return sortByDependency(found);
}

function readPackage(root: string, directory: string): readonly WorkspacePackage[] {
  const manifest = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as Manifest;
  if (manifest.private === true) return [];
  const { name, description, dependencies = {} } = manifest;
  const names = Object.keys(dependencies).sort();
  const isOwn = (it: string) => dependencies[it]?.startsWith("workspace:") === true;
  const own = names.filter(isOwn);
  const thirdParty = names.filter((it) => !isOwn(it));
  return [{ name, description, directory, path: relative(root, directory), own, thirdParty }];
}

/** Packages with what they depend on before them; by name where nothing else decides. */
export function sortByDependency<P extends { readonly name: string; readonly own: readonly string[] }>(
  packages: readonly P[],
): readonly P[] {
  const left = new Map([...packages].sort((a, b) => (a.name < b.name ? -1 : 1)).map((it) => [it.name, it]));
  const sorted: P[] = [];
  while (left.size > 0) {
    const next = [...left.values()].find(({ own }) => own.every((name) => !left.has(name)));
    if (next === undefined) throw new Error(`these depend on one another: ${[...left.keys()].join(", ")}`);
    left.delete(next.name);
    sorted.push(next);
  }
  return sorted;
}

/** A package and all packages of the workspace that it stands on. */
export function closureOf(it: WorkspacePackage, packages: readonly WorkspacePackage[]): ReadonlySet<WorkspacePackage> {
  const closure = new Set([it]);
  for (const member of closure)
    for (const name of member.own) {
      const found = packages.find((other) => other.name === name);
      if (found !== undefined) closure.add(found);
    }
  return closure;
}
