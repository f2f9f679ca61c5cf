export { type LocalCommand, LocalCommands } from "./command/local-commands.js";
export { isWithin } from "./document/local-path.js";
export { slug } from "./document/slug.js";
export { createJsonSchema, type JsonSchema, type SchemaName } from "./json-schema.js";
export { formatHostId, type HostIdentity } from "./lab/host-identity.js";
export { type DefaultLab, findDefaultLab } from "./lab/lab-choice.js";
export type { Credential, HostData, HostDocker, LabData, LabOrigin, SshOptions } from "./lab/lab-data.js";
export type { HostEntry, NewParent, PlannedEntries } from "./lab/lab-entries.js";
export { type DeclaredHost, sshDefaults } from "./lab/lab-host.js";
export { type LoadLabOptions, listLabs, loadLab, type RepoLab, readRepoLabs } from "./lab/lab-loading.js";
export { type LabPlaces, userLabFile } from "./lab/lab-sources.js";
export type { LabSummary } from "./lab/lab-summary.js";
export { findLabFile, type LabChange, planLabAddition, planLabRemoval, writeLab } from "./lab/lab-writing.js";
export { type MachineAddress, parseMachineAddress } from "./lab/machine-address.js";
export { checkOnNames, listOnHosts, type OnChoice, parseOn } from "./on-choice.js";
export {
  describeMissing,
  findHost,
  findParent,
  missingDefaultHosts,
  planParent,
} from "./parent-plan.js";
export {
  listOpenRoles,
  type Placement,
  type PlacementChoice,
  planPlacements,
  planRemovalPlacements,
} from "./placement-plan.js";
export { findComposeFiles } from "./repo/compose-repo.js";
export type {
  BindMount,
  BuildSecret,
  DockerCompose,
  DockerImage,
  LabSource,
  Repo,
  RepoDocker,
  StackSecret,
} from "./repo/repo.js";
export { type LoadRepoOptions, loadRepo } from "./repo/repo-loading.js";
export { findRepoRoots, type RepoSearch } from "./repo/repo-search.js";
export { findRepo, selectRepos } from "./repo/repo-selection.js";
export { loadRepos } from "./repo/repos-loading.js";
