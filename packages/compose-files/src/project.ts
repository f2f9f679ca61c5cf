import type { Secret } from "@otto/errors";

/** What a path of the local disk is, links followed. */
export interface LocalEntry {
  /** `other`: a socket, FIFO or device. */
  readonly kind: "file" | "directory" | "other";
  /** The absolute path without any symbolic link in it. */
  readonly realPath: string;
}

/** The local disk, as this package sees it. Paths are absolute. Concurrent calls must be safe. */
export interface LocalReader {
  /** The file's text as UTF-8; `undefined` where there is no such file. */
  readText(path: string): Promise<string | undefined>;
  /** `undefined` where there is nothing, or a link that leads nowhere. */
  stat(path: string): Promise<LocalEntry | undefined>;
}

/** A Compose project as its files, and what `docker compose` would take from around them. */
export interface ComposeSource {
  /** Absolute paths of the compose files, in order. At least one. */
  readonly files: readonly string[];
  /** The root of what may be sent; absolute. */
  readonly repoRoot: string;
  /** The variables that the caller gives to interpolation. They win over `.env`. */
  readonly environment: Readonly<Record<string, string>>;
  /** What `~` means; absolute. */
  readonly home: string;
  /** What relative paths in `files` start from. Default: the first file's directory. */
  readonly projectDirectory?: string | undefined;
  /** Value of `COMPOSE_PROJECT_NAME` in interpolation. Default: that of `environment`. */
  readonly projectName?: string | undefined;
  /** Active profiles, `*` for all. Default: `COMPOSE_PROFILES` of the environment or of `.env`, else none. */
  readonly profiles?: readonly string[] | undefined;
  /** Only these services and what they depend on. Default: all. */
  readonly services?: readonly string[] | undefined;
  /** Files of variables, absolute. Default: `.env` of the project directory, where there is one. */
  readonly envFiles?: readonly string[] | undefined;
  /** What may be sent from outside the repo: `true` for anything, or paths (absolute, `~/…` or relative to the repo root). Default: nothing. */
  readonly allowOutside?: boolean | readonly string[] | undefined;
}

export type LocalResourceKind =
  | "compose"
  | "extends"
  | "include"
  | "dotenv"
  | "env_file"
  | "label_file"
  | "config"
  | "secret"
  | "bind"
  | "build"
  | "dockerfile"
  | "cache"
  | "ssh"
  | "seccomp"
  | "provider";

/** One file or directory that has to be on the parent, byte for byte. Resources may lie inside one another. */
export interface LocalResource {
  /** Absolute, without symbolic links. */
  readonly localPath: string;
  /** Where in the staged tree: `repo/…` or `outside/…`, never with `..`. The repo root itself is `repo`. */
  readonly remotePath: string;
  readonly kind: LocalResourceKind;
  readonly entry: "file" | "directory";
  /** Whether the project could not do without it. */
  readonly required: boolean;
  /** Who asks for it: `docker/compose.yml:7 services.api.volumes[0]`. */
  readonly reference: string;
  /** Of `build` and `dockerfile`: what is built from it. Nothing where the value that names it is overridden. */
  readonly builds?: readonly ContextUse[] | undefined;
  /** Of `bind`, where the caller leaves out some of a directory: lines of a `.dockerignore` in it. */
  readonly ignore?: readonly string[] | undefined;
}

/** A service's build that reads a context. What it sees of it are its ignore rules to say. */
export interface ContextUse {
  readonly service: string;
  /**
   * Absolute, no symbolic link on the way to it. Undefined where `.dockerignore` alone rules: for a Dockerfile in the
   * compose file, and a context beside the service's own.
   */
  readonly dockerfile: string | undefined;
}

/** A file that has no local counterpart, or whose text must differ from it on the parent. */
export interface RewrittenFile {
  /** Where in the staged tree: `compose/…`. */
  readonly remotePath: string;
  readonly content: string;
}

export type DependencyCondition = "service_started" | "service_healthy" | "service_completed_successfully";

export interface ServiceDependency {
  readonly service: string;
  readonly condition: DependencyCondition;
  readonly required: boolean;
  /** `restart: true`: this one is restarted when Compose replaces that one. */
  readonly restart: boolean;
}

/** What is declared of one service, all files merged. */
export interface ComposeService {
  readonly name: string;
  readonly image: string | undefined;
  readonly hasBuild: boolean;
  /** Whether `docker compose build` makes its image for several platforms, and `up` for one. Default false. */
  readonly isMultiPlatform?: boolean | undefined;
  /** `always`, `missing`, …; undefined where none is declared. */
  readonly pullPolicy: string | undefined;
  /** As `linux/arm64`; undefined where none is declared. */
  readonly platform: string | undefined;
  readonly profiles: readonly string[];
  /** Whether `up` with this source's profiles and services is to run it. */
  readonly enabled: boolean;
  /** `scale`, else `deploy.replicas`, else 1. */
  readonly replicas: number;
  readonly containerName: string | undefined;
  /** A `healthcheck` that is not disabled. The image may bring one too; that is not seen here. */
  readonly hasHealthcheck: boolean;
  /** `restart`, else what `deploy.restart_policy.condition` amounts to, else `no`. */
  readonly restart: string;
  readonly dependsOn: readonly ServiceDependency[];
  /** The services whose network, process or IPC namespace it is in. */
  readonly sharesWith: readonly string[];
  /** The services whose mounts it has, too. */
  readonly volumesFrom: readonly string[];
  /** Any of `ports`. */
  readonly publishesPorts: boolean;
  /** Another service waits for this one to complete: exiting with 0 is success. */
  readonly oneShot: boolean;
}

/** A mount as it is declared. */
export interface ServiceMount {
  /** `bind`, `volume`, `tmpfs`, … */
  readonly type: string;
  /** The name of a volume, or a path as it is written; undefined for an anonymous volume and a tmpfs. */
  readonly source: string | undefined;
  /** The path in the container. */
  readonly target: string;
  readonly readOnly: boolean;
}

/** What one service is joined to, as it is declared. */
export interface ServiceLinks {
  /** Keys of the project's networks; none with a `networkMode`. */
  readonly networks: readonly string[];
  /** `host`, `none`, `service:db`, …; undefined where none is declared. */
  readonly networkMode: string | undefined;
  /** As `127.0.0.1:8080->80/tcp`; `80/tcp` where the engine chooses the published port. */
  readonly ports: readonly string[];
  readonly mounts: readonly ServiceMount[];
  readonly buildTarget: string | undefined;
  /** May hold secrets. */
  readonly buildArgs: Readonly<Record<string, string>>;
  /** The text of `build.dockerfile_inline`. */
  readonly inlineDockerfile: string | undefined;
}

/** A network or volume of the project. `external`: the project uses it, and does not make it. */
export interface ProjectResource {
  /** Its key in the compose file. */
  readonly name: string;
  readonly external: boolean;
}

/** What a project's services are joined to: for a picture of the stack. */
export interface ComposeTopology {
  /** By service. */
  readonly services: ReadonlyMap<string, ServiceLinks>;
  /** With `default`, where a service names none. */
  readonly networks: readonly ProjectResource[];
  readonly volumes: readonly ProjectResource[];
}

export interface ComposeWarning {
  readonly code:
    | "COMPOSE_BIND_MADE"
    | "COMPOSE_PATH_NOT_SENT"
    | "COMPOSE_VARIABLE_NOT_SET"
    | "COMPOSE_LOCAL_PATH_IN_VALUE"
    | "COMPOSE_REMOTE_RESOURCE";
  readonly message: string;
  readonly reference: string;
}

/** Everything that `docker compose` on a parent needs of this machine. All remote paths are relative to one staged tree. */
export interface ComposeProject {
  /** The files' own `name:`, interpolated. */
  readonly name: string | undefined;
  /** For `--profile`. */
  readonly profiles: readonly string[];
  readonly services: readonly ComposeService[];
  readonly topology: ComposeTopology;
  readonly resources: readonly LocalResource[];
  readonly rewritten: readonly RewrittenFile[];
  /** For `-f`, in order. */
  readonly commandFiles: readonly string[];
  /** For `--project-directory`, and the directory to run in: Compose takes some paths from there. It may hold no resource: make it. */
  readonly projectDirectory: string;
  /** Sources of bind mounts that are not there, where Compose makes an empty directory: paths in the staged tree. */
  readonly madeDirectories: readonly string[];
  /** For `--env-file`, in order. */
  readonly envFiles: readonly string[];
  /**
   * The caller's variables that the project uses. `docker compose` must run with these and no others but its own
   * needs (`PATH`, `HOME`, `DOCKER_*`, …; {@link isParentVariable}), whose uses are already written out. May hold secrets.
   */
  readonly environment: Readonly<Record<string, string>>;
  /** The variables that `configs` and `secrets` with `environment:` are made of, `.env` included. */
  readonly contentVariables: ReadonlyMap<string, Secret>;
  /** The variable of each of the `secrets` with `environment:`, by the secret's name. */
  readonly secretVariables: ReadonlyMap<string, string>;
  /** What `secrets` with `environment:` hold, `.env` included. Those of files are resources of the kind `secret`. */
  readonly secretValues: readonly Secret[];
  readonly warnings: readonly ComposeWarning[];
}
