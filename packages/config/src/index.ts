export type { Credential, HostData, HostDocker, LabData, SshOptions } from "./lab-data.js";
export type { BuildSecret, DockerCompose, DockerImage, LabSource, Repo, RepoDocker } from "./repo.js";
