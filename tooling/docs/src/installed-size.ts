import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import type { WorkspacePackage } from "./workspace-package.js";

/** What `npm install` of a package puts on the disk. */
export interface InstallSize {
  readonly bytes: number;
  /** How many packages, itself among them. */
  readonly count: number;
}

interface Manifest {
  readonly files?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
}

// What is not published of the folders that are, nested installs, and what a build of native code leaves.
const notInstalled = /(?:^|\/)(?:node_modules|\.turbo|build\/Release\/(?:obj|\.deps).*)$|\.test\.ts$|\.tsbuildinfo$/;
const alwaysPublished = ["package.json", "README.md", "LICENSE"];

/** Adds up packages of the workspace and everything that they bring, each once, as it lies in this workspace. */
export function measureInstall(closure: ReadonlySet<WorkspacePackage>): InstallSize {
  const own = new Set([...closure].map(({ directory }) => realpathSync(directory)));
  const directories = new Set(own);
  for (const directory of directories) for (const found of dependenciesOf(directory)) directories.add(found);
  let bytes = 0;
  for (const directory of directories) {
    const names = own.has(directory) ? publishedOf(directory) : readdirSync(directory);
    for (const name of names) bytes += sizeOf(join(directory, name));
  }
  return { bytes, count: directories.size };
}

function publishedOf(directory: string): readonly string[] {
  const { files = [] } = readManifest(directory);
  return [...alwaysPublished, ...files.filter((path) => !path.startsWith("!"))];
}

function dependenciesOf(directory: string): readonly string[] {
  const { dependencies = {} } = readManifest(directory);
  return Object.keys(dependencies).flatMap((name) => findPackage(directory, name));
}

function readManifest(directory: string): Manifest {
  return JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as Manifest;
}

// As Node resolves: from the package's own folder upwards. What is not there (optional, of another system) adds nothing.
function findPackage(from: string, name: string): readonly string[] {
  for (let at = from; at !== dirname(at); at = dirname(at)) {
    const candidate = join(at, "node_modules", name);
    if (existsSync(candidate)) return [realpathSync(candidate)];
  }
  return [];
}

function sizeOf(path: string): number {
  if (notInstalled.test(path)) return 0;
  const found = lstatSync(path);
  if (!found.isDirectory()) return found.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}
