import { encodePath } from "@otto/hashing";
import { type TreeText, writeTree as writeNamed } from "@otto/lab";

export type { TreeText };

/** Writes a tree; names as in `ContextEntry`. */
export function writeTree(root: string, tree: TreeText): void {
  writeNamed(root, tree, encodePath);
}
