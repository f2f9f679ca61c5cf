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
  RewrittenFile,
  ServiceDependency,
  Shipment,
  ShipmentKind,
} from "./project.js";
export { readComposeProject } from "./read-project.js";
