import type { MapTree } from "../text/yaml-tree.js";
import type { DocumentGroup } from "./compose-document.js";
import { withDefaultContexts } from "./default-context.js";
import { applyExtends } from "./extends.js";
import { applyIncludes } from "./include.js";
import { emptyTree, type FileMention, type Loading, loadDocument } from "./loading.js";
import { mergeTrees } from "./merge.js";

/** All documents of a group, one over the other, with what they extend and include. */
export async function loadGroup(
  loading: Loading,
  group: DocumentGroup,
  files: readonly FileMention[],
  chain: readonly string[],
): Promise<MapTree> {
  let tree = emptyTree(files[0]?.place);
  for (const file of files) {
    const document = await loadDocument(loading, group, file);
    for (const own of document.trees) {
      const extended = await applyExtends(loading, group, own);
      tree = mergeTrees(tree, await applyIncludes({ loading, group, chain, loadGroup }, extended));
    }
  }
  return withDefaultContexts(loading, group, tree);
}
