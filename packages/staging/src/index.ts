export { type ServeContextOptions, serveContext, servedDockerfileName, servedNamedContexts } from "./context-sync.js";
export { type PackContextOptions, packContext, packedDockerfileName } from "./pack-context.js";
export type { RemoteShell, ShellOutcome } from "./remote-shell.js";
export {
  forgetTreeScript,
  ownDirectory,
  readManifestScript,
  removeTree,
  type StagedTree,
  stagedDirectoryScript,
  updateTree,
} from "./staged-tree.js";
export type { TreeEntry, TreeFile } from "./tree-entry.js";
export { listTree, type TreeListing } from "./tree-listing.js";
export { isSettled, type Manifest, parseManifest, planTree, type TreePlan } from "./tree-plan.js";
