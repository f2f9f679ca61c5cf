export type { ImageDraft } from "./draft/image-drafts.js";
export { draftSettings, type SettingsDraft } from "./draft/settings-draft.js";
export { formatHostId, type HostIdentity, slug } from "./host-identity.js";
export { createJsonSchema, type JsonSchema, type SchemaName } from "./json-schema.js";
export type { Credential, HostData, HostDocker, LabData, LabOrigin, SshOptions } from "./lab-data.js";
export type { DeclaredHost } from "./lab-host.js";
export { type LoadLabOptions, listLabs, loadLab, type RepoLab, readRepoLabs } from "./lab-loading.js";
export type { LabSummary } from "./lab-summary.js";
export { isWithin } from "./local-path.js";
export {
  describeMissing,
  findHost,
  findParent,
  missingDefaultHosts,
  planParent,
  planRemovalParent,
} from "./parent-plan.js";
export type { BuildSecret, DockerCompose, DockerImage, LabSource, Repo, RepoDocker } from "./repo.js";
export { type LoadRepoOptions, loadRepo } from "./repo-loading.js";
export { findRepoRoots, type RepoSearch } from "./repo-search.js";
export { selectRepos } from "./repo-selection.js";
export { loadRepos } from "./repos-loading.js";
