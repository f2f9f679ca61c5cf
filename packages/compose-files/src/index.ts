export { isParentVariable } from "./model/parent-variable.js";
export { findUnsentPaths, type SentTree, type UnsentPath } from "./paths/unsent-paths.js";
export type {
  ComposeProject,
  ComposeService,
  ComposeSource,
  ComposeWarning,
  ContextUse,
  DependencyCondition,
  LocalEntry,
  LocalReader,
  LocalResource,
  LocalResourceKind,
  RewrittenFile,
  ServiceDependency,
} from "./project.js";
export { readComposeProject } from "./read-project.js";
