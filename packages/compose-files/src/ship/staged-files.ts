import { posix } from "node:path";
import type { DocumentGroup, EnvFile } from "../model/compose-document.js";
import { fixEnvFile, type Loading } from "../model/loading.js";
import { addShipment, type Shipping } from "../paths/shipping.js";
import type { RewrittenFile } from "../project.js";
import type { Placement } from "./rewriting.js";
import type { VariableUses } from "./used-environment.js";

/** Looks up where each group's relative paths start from in the staged tree. */
export async function findRemoteBases({ groups, locator }: Loading): Promise<(group: DocumentGroup) => string> {
  const bases = new Map<DocumentGroup, string>();
  for (const group of groups) {
    const [first] = group.documents;
    const local = { path: group.base, fromHome: false };
    const base = group.hasOwnBase || first === undefined ? undefined : posix.dirname(first.located.remotePath);
    bases.set(group, base ?? (await locator.find(local))?.remotePath ?? locator.remotePathOf(local));
  }
  return (group) => bases.get(group) ?? "repo";
}

/** Ships the compose files and files of variables that stay as they are; returns the others. */
export function rewriteFiles(shipping: Shipping, placement: Placement, uses: VariableUses): RewrittenFile[] {
  const { loading, shipments } = shipping;
  const { groups, envFiles } = loading;
  const rewritten = new Map<string, string>();
  for (const document of groups.flatMap((group) => group.documents)) {
    const content = placement.contentOf(document);
    if (content !== undefined) rewritten.set(placement.remotePathOf(document), content);
    else addShipment(shipments, document.located, document.group.kind, true, document.place);
  }
  const implied = movedEnvFiles(groups, placement);
  for (const file of envFiles) {
    const movedTo = implied.get(file);
    const isRewritten = file.isFixed || movedTo !== undefined;
    if (isRewritten)
      rewritten.set(
        movedTo ?? file.remotePath,
        fixEnvFile(loading, file, (name) => uses.has(name)),
      );
    else addShipment(shipments, file.located, file.kind, file.required, file.place);
  }
  return [...rewritten].map(([remotePath, content]) => ({ remotePath, content }));
}

/** The variables of a moved group go with it: Compose looks for them in its directory. */
function movedEnvFiles(groups: readonly DocumentGroup[], placement: Placement): Map<EnvFile, string> {
  const moved = groups.filter((group) => placement.isMoved(group));
  return new Map(
    moved.flatMap((group) => {
      const { impliedEnvFile } = group;
      return impliedEnvFile === undefined
        ? []
        : [[impliedEnvFile, posix.join(placement.baseOf(group), ".env")] as const];
    }),
  );
}
