export { isParentVariable } from "./model/parent-variable.js";
export { findUnsentPaths, type SentTree, type UnsentPath } from "./paths/unsent-paths.js";
export type {
  ComposeProject,
  ComposeService,
  ComposeSource,
  ComposeTopology,
  ComposeWarning,
  ContextUse,
  DependencyCondition,
  LocalEntry,
  LocalReader,
  LocalResource,
  LocalResourceKind,
  ProjectResource,
  RewrittenFile,
  ServiceDependency,
  ServiceLinks,
  ServiceMount,
} from "./project.js";
export { readComposeProject } from "./read-project.js";
