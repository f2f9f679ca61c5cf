import { posix } from "node:path";
import type { LocalDisk } from "../disk/local-disk.js";
import type { DocumentGroup } from "../model/document.js";
import { type EnvFile, formatEnvFile } from "../model/env-file.js";
import { type BuildUse, resourceOf } from "../paths/resolve-references.js";
import type { LocalResource, RewrittenFile } from "../project.js";
import type { RemoteBases, Rewriting } from "./plan-rewriting.js";
import type { VariableUses } from "./used-environment.js";

/** Looks up where each group's relative paths start from in the staged tree. */
export async function findRemoteBases(disk: LocalDisk, groups: readonly DocumentGroup[]): Promise<RemoteBases> {
  const bases = new Map<DocumentGroup, string>();
  for (const group of groups) {
    const [first] = group.documents;
    const local = { path: group.base, fromHome: false };
    const base = group.hasOwnBase || first === undefined ? undefined : posix.dirname(first.resolved.remotePath);
    bases.set(group, base ?? (await disk.find(local))?.remotePath ?? disk.remotePathOf(local));
  }
  return bases;
}

/** Files that are sent as they are, and those with another text. */
export interface StagedFiles {
  readonly resources: readonly LocalResource[];
  readonly rewritten: readonly RewrittenFile[];
}

/** The compose files and files of variables. */
export function planStaging(rewriting: Rewriting, envFiles: readonly EnvFile[], uses: VariableUses): StagedFiles {
  const resources: LocalResource[] = [];
  const rewritten = new Map<string, string>();
  for (const group of rewriting.groups.keys()) {
    for (const document of group.documents) {
      const { remotePath, content } = rewriting.documents.get(document) ?? {};
      if (remotePath !== undefined && content !== undefined) rewritten.set(remotePath, content);
      else resources.push(resourceOf(document.resolved, { ...document, kind: group.kind, required: true }));
    }
  }
  const implied = movedEnvFiles(rewriting);
  for (const file of envFiles) {
    const movedTo = implied.get(file);
    if (file.isFixed || movedTo !== undefined)
      rewritten.set(
        movedTo ?? file.remotePath,
        formatEnvFile(file, (name) => uses.has(name)),
      );
    else resources.push(resourceOf(file.resolved, file));
  }
  return { resources, rewritten: [...rewritten].map(([remotePath, content]) => ({ remotePath, content })) };
}

/** The variables of a moved group go with it: Compose looks for them in its directory. */
function movedEnvFiles({ groups }: Rewriting): ReadonlyMap<EnvFile, string> {
  return new Map(
    [...groups].flatMap(([{ impliedEnvFile }, { base, isMoved }]) =>
      isMoved && impliedEnvFile !== undefined ? [[impliedEnvFile, posix.join(base, ".env")] as const] : [],
    ),
  );
}

/** One resource for all that name a path: the first of them names it; one that is required makes it so. */
export function mergeResources(resources: readonly LocalResource[], builds: readonly BuildUse[]): LocalResource[] {
  const merged = new Map<string, LocalResource>();
  for (const resource of resources) {
    const key = keyOf(resource);
    const earlier = merged.get(key);
    if (earlier === undefined || (resource.required && !earlier.required)) merged.set(key, resource);
  }
  return [...merged].map(([key, resource]) => {
    const own = builds.filter((build) => keyOf(build) === key);
    return own.length === 0 ? resource : { ...resource, builds: own.map(({ use }) => use) };
  });
}

function keyOf({ kind, remotePath }: Pick<LocalResource, "kind" | "remotePath">): string {
  return `${kind} ${remotePath}`;
}
