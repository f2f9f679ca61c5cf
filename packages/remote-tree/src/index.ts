export { type IgnoredPart, keptDirectories, measureIgnored } from "./ignored-paths.js";
export { findKept } from "./kept-files.js";
export type { RemoteShell, ShellOutcome } from "./remote-shell.js";
export { type Manifest, parseSentTree, type SentTree } from "./sent-tree.js";
export {
  type KeptFiles,
  readSentScript,
  removeTree,
  removeTreeScript,
  type SetAside,
  type StagedTree,
  stackKey,
  stagedDirectoryScript,
  updateTree,
} from "./staged-tree.js";
export type { TreeEntry, TreeFile } from "./tree-entry.js";
export { type ListTreeOptions, listTree, type TreeListing } from "./tree-listing.js";
export { isSettled, planTree, type TreePlan } from "./tree-plan.js";
export { ownDirectory } from "./tree-script.js";
