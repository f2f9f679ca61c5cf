import { readdir } from "node:fs/promises";
import { basename, dirname, join, posix } from "node:path";

/** Files of a project that say what it builds and runs; paths with `/`, from its root, the shallowest first. */
export interface ProjectTree {
  readonly dockerfiles: readonly string[];
  readonly composes: readonly string[];
  readonly labs: readonly string[];
}

const skipped = new Set(["node_modules", "vendor", "dist", "build", "target", "venv", "__pycache__"]);
const deepest = 4;

const dockerfile =
  /^(?:Dockerfile|Containerfile)(?:\.(?!dockerignore$)[\w-]+)?$|^[\w-]+\.(?:Dockerfile|Containerfile)$/i;
const compose = /^(?:docker-)?compose(?:\.override)?\.ya?ml$/;
const lab = /^lab\.(?:json|ya?ml)$/;

/** Looks for them, not in hidden directories nor in those that tools fill. */
export async function readProjectTree(root: string): Promise<ProjectTree> {
  const files = await filesUnder(root, "", 0);
  const named = (pattern: RegExp) => files.filter((path) => pattern.test(basename(path))).toSorted(byDepth);
  return { dockerfiles: named(dockerfile), composes: named(compose), labs: named(lab) };
}

async function filesUnder(root: string, directory: string, depth: number): Promise<string[]> {
  const entries = await readdir(join(root, directory), { withFileTypes: true }).catch(() => []);
  const found: string[] = [];
  for (const entry of entries) {
    const path = posix.join(directory, entry.name);
    if (entry.isFile()) found.push(path);
    const isProject = !entry.name.startsWith(".") && !skipped.has(entry.name);
    if (entry.isDirectory() && isProject && depth < deepest) found.push(...(await filesUnder(root, path, depth + 1)));
  }
  return found;
}

function byDepth(a: string, b: string): number {
  const depthOf = (path: string) => path.split("/").length;
  return depthOf(a) - depthOf(b) || (dirname(a) === dirname(b) ? a.length - b.length : 0) || (a < b ? -1 : 1);
}
