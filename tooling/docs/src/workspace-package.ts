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
  /** Names of what is installed with it, packages of the workspace apart from others'. */
  readonly own: readonly string[];
  readonly thirdParty: readonly string[];
  /** Names of the workspace's packages that lie in its bundle. */
  readonly bundled: readonly string[];
}

interface Manifest {
  readonly name: string;
  readonly description: string;
  readonly private?: boolean;
  readonly files?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** Every published package, those first that others stand on. */
export function listPackages(root: string): readonly WorkspacePackage[] {
  const found = ["packages", "apps"]
    .flatMap((group) => readdirSync(join(root, group)).map((name) => join(root, group, name)))
    .filter((directory) => existsSync(join(directory, "package.json")))
    .flatMap((directory) => readPackage(root, directory));
  const isPublished = (name: string) => found.some((it) => it.name === name);
  return sortByDependency(found.map((it) => ({ ...it, bundled: it.bundled.filter(isPublished) })));
}

function readPackage(root: string, directory: string): readonly WorkspacePackage[] {
  const manifest = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as Manifest;
  if (manifest.private === true) return [];
  const { name, description, dependencies = {}, devDependencies = {} } = manifest;
  const own = ownOf(dependencies);
  const thirdParty = Object.keys(dependencies)
    .filter((it) => !own.includes(it))
    .sort();
  const bundled = hasBundle(manifest) ? ownOf(devDependencies) : [];
  return [{ name, description, directory, path: relative(root, directory), own, thirdParty, bundled }];
}

function ownOf(dependencies: Readonly<Record<string, string>>): readonly string[] {
  return Object.keys(dependencies)
    .filter((it) => dependencies[it]?.startsWith("workspace:") === true)
    .sort();
}

/** Whether a package brings what it imports in files of its own; its devDependencies name that then. */
export function hasBundle({ files = [] }: { readonly files?: readonly string[] }): boolean {
  return files.includes("bundle");
}

/** Packages with what they depend on before them; by name where nothing else decides. */
export function sortByDependency<P extends Pick<WorkspacePackage, "name" | "own" | "bundled">>(
  packages: readonly P[],
): readonly P[] {
  const left = new Map([...packages].sort((a, b) => (a.name < b.name ? -1 : 1)).map((it) => [it.name, it]));
  const sorted: P[] = [];
  while (left.size > 0) {
    const next = [...left.values()].find(({ own, bundled }) => [...own, ...bundled].every((it) => !left.has(it)));
    if (next === undefined) throw new Error(`these depend on one another: ${[...left.keys()].join(", ")}`);
    left.delete(next.name);
    sorted.push(next);
  }
  return sorted;
}

/** A package and all packages of the workspace that are installed with it. */
export function closureOf(it: WorkspacePackage, packages: readonly WorkspacePackage[]): ReadonlySet<WorkspacePackage> {
  const closure = new Set([it]);
  for (const member of closure)
    for (const name of member.own) {
      const found = packages.find((other) => other.name === name);
      if (found !== undefined) closure.add(found);
    }
  return closure;
}
