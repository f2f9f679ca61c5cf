export type {
  BuildContext,
  ContextDockerfile,
  ContextTree,
  IgnoreFile,
  NamedContext,
  UnsendableEntry,
} from "./build-context.js";
export { type BuildReach, type ContextReach, wholeContext, wholeReach } from "./context-reach.js";
export type { ContextSource, ReadContextOptions, ReadOptions } from "./context-source.js";
export { readIgnoreFile } from "./ignore-rules.js";
export { type IgnoredFile, listIgnored } from "./ignored-files.js";
export { contextHash, readContext } from "./read-context.js";
export { type LocalEntry, type LocalTree, type ReadTreeOptions, readTree, type TreeView } from "./read-tree.js";
