import { posix } from "node:path";
import type { LocalDisk } from "../disk/local-disk.js";
import type { DocumentGroup } from "../model/document.js";
import { type EnvFile, formatEnvFile } from "../model/env-file.js";
import { type BuildUse, shipmentOf } from "../paths/resolve-references.js";
import type { RewrittenFile, Shipment } from "../project.js";
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
  readonly shipments: readonly Shipment[];
  readonly rewritten: readonly RewrittenFile[];
}

/** The compose files and files of variables. */
export function planStaging(rewriting: Rewriting, envFiles: readonly EnvFile[], uses: VariableUses): StagedFiles {
  const shipments: Shipment[] = [];
  const rewritten = new Map<string, string>();
  for (const group of rewriting.groups.keys()) {
    for (const document of group.documents) {
      const { remotePath, content } = rewriting.documents.get(document) ?? {};
      if (remotePath !== undefined && content !== undefined) rewritten.set(remotePath, content);
      else shipments.push(shipmentOf(document.resolved, { ...document, kind: group.kind, required: true }));
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
    else shipments.push(shipmentOf(file.resolved, file));
  }
  return { shipments, rewritten: [...rewritten].map(([remotePath, content]) => ({ remotePath, content })) };
}

/** The variables of a moved group go with it: Compose looks for them in its directory. */
function movedEnvFiles({ groups }: Rewriting): ReadonlyMap<EnvFile, string> {
  return new Map(
    [...groups].flatMap(([{ impliedEnvFile }, { base, isMoved }]) =>
      isMoved && impliedEnvFile !== undefined ? [[impliedEnvFile, posix.join(base, ".env")] as const] : [],
    ),
  );
}

/** One shipment for all that name a path: the first of them names it; one that is required makes it so. */
export function mergeShipments(shipments: readonly Shipment[], builds: readonly BuildUse[]): Shipment[] {
  const merged = new Map<string, Shipment>();
  for (const shipment of shipments) {
    const key = keyOf(shipment);
    const earlier = merged.get(key);
    if (earlier === undefined || (shipment.required && !earlier.required)) merged.set(key, shipment);
  }
  return [...merged].map(([key, shipment]) => {
    const own = builds.filter((build) => keyOf(build) === key);
    return own.length === 0 ? shipment : { ...shipment, builds: own.map(({ use }) => use) };
  });
}

function keyOf({ kind, remotePath }: Pick<Shipment, "kind" | "remotePath">): string {
  return `${kind} ${remotePath}`;
}
