import { relativePath } from "../disk/local-path.js";
import type { DefaultContext } from "../model/default-context.js";
import type { DocumentGroup, Link } from "../model/document.js";
import type { RewrittenFile } from "../project.js";
import { escapeDollars } from "../text/template.js";
import { nodeKey } from "../text/yaml-tree.js";
import type { Rewriting } from "./plan-rewriting.js";

/**
 * A compose file over the others that names the contexts which they leave to Compose, as far as it would look elsewhere:
 * beside included files that are moved.
 */
export function formatDefaultContexts(
  command: DocumentGroup,
  contexts: readonly DefaultContext[],
  { links, rewriting: { groups } }: { readonly links: readonly Link[]; readonly rewriting: Rewriting },
): RewrittenFile | undefined {
  const baseOf = (group: DocumentGroup) => groups.get(group)?.base ?? "repo";
  const targets = new Map(links.map(({ scalar, to }) => [nodeKey(scalar), to]));
  const services = contexts.flatMap(({ service, group, scalar }) => {
    const to = targets.get(nodeKey(scalar));
    if (to === undefined || !("remotePath" in to) || baseOf(group) === to.remotePath) return [];
    const context = escapeDollars(relativePath(baseOf(command), to.remotePath));
    return [[service, { build: { context } }] as const];
  });
  if (services.length === 0) return undefined;
  return {
    remotePath: "compose/contexts.json",
    content: JSON.stringify({ services: Object.fromEntries(services) }),
  };
}
