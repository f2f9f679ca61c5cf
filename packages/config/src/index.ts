export type { ImageDraft } from "./draft/image-drafts.js";
export { draftSettings, type SettingsDraft } from "./draft/settings-draft.js";
export { formatHostId, type HostIdentity, slug } from "./host-identity.js";
export { createJsonSchema, type JsonSchema, type SchemaName } from "./json-schema.js";
export type { Credential, HostData, HostDocker, LabData, SshOptions } from "./lab-data.js";
export { type LoadLabOptions, listLabs, loadLab } from "./lab-loading.js";
export type { LabSummary } from "./lab-summary.js";
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
