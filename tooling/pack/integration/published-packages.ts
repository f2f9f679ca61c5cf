import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** The parts of a package.json that are looked at here. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly license?: string;
  readonly publishConfig?: { readonly access?: string; readonly provenance?: boolean };
  readonly exports: { readonly ".": { readonly types: string; readonly default: string } };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

export interface PublishedPackage {
  readonly name: string;
  readonly directory: string;
  readonly manifest: Manifest;
}

/** The root of the workspace. */
export const workspaceRoot = resolve(import.meta.dirname, "../../..");

/** Every package of the workspace that is meant for a registry. */
export function listPublishedPackages(): readonly PublishedPackage[] {
  const directories = ["packages", "apps"].flatMap((group) =>
    readdirSync(join(workspaceRoot, group)).map((name) => join(workspaceRoot, group, name)),
  );
  return directories
    .filter((directory) => existsSync(join(directory, "package.json")))
    .map((directory) => {
      const manifest = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as Manifest;
      return { name: manifest.name, directory, manifest };
    })
    .filter(({ manifest }) => manifest.private !== true);
}

/** A package's name as npm writes it in the name of a tarball. */
export function toFileName(name: string): string {
  return name.replace("@", "").replace("/", "-");
}
