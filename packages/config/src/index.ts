export { isWithin } from "./document/local-path.js";
export { createJsonSchema, type JsonSchema, type SchemaName } from "./json-schema.js";
export { formatHostId, type HostIdentity, slug } from "./lab/host-identity.js";
export type { Credential, HostData, HostDocker, LabData, LabOrigin, SshOptions } from "./lab/lab-data.js";
export { type DeclaredHost, sshDefaults } from "./lab/lab-host.js";
export { type LoadLabOptions, listLabs, loadLab, type RepoLab, readRepoLabs } from "./lab/lab-loading.js";
export type { LabSummary } from "./lab/lab-summary.js";
export {
  describeMissing,
  findHost,
  findParent,
  missingDefaultHosts,
  planParent,
  planRemovalParent,
} from "./parent-plan.js";
export type { BuildSecret, DockerCompose, DockerImage, LabSource, Repo, RepoDocker } from "./repo/repo.js";
export { type LoadRepoOptions, loadRepo } from "./repo/repo-loading.js";
export { findRepoRoots, type RepoSearch } from "./repo/repo-search.js";
export { findRepo, selectRepos } from "./repo/repo-selection.js";
export { loadRepos } from "./repo/repos-loading.js";
