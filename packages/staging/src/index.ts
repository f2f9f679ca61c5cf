export { serveContext, servedDockerfileName } from "./context-sync.js";
export { type PackContextOptions, packContext, packedDockerfileName } from "./pack-context.js";
export { packTree, type TreeFile } from "./pack-tree.js";
export { removeStagedTree, type StagingOptions, stagedDirectory, stageTree } from "./staged-tree.js";
