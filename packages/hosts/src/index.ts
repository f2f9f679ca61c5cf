export type { Command, CommandResult } from "./command.js";
export type { ContainerExecOptions } from "./container-exec.js";
export { type ContainerHostOptions, DockerContainerHost, type RunOptions } from "./container-host.js";
export { createLocalParent, type LocalParentOptions } from "./local-parent.js";
export type { Parent, ParentDocker, ParentExecOptions } from "./parent.js";
export { type LockHolder, type RemoteLockOptions, withRemoteLock } from "./remote-lock.js";
export { createSshParent, type SshParentOptions } from "./ssh-parent.js";
