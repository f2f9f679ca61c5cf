/** A repository with `.otto/settings.toml` (or `.yaml`), or with Compose files alone: what it builds, what it runs and where its labs come from. */
export interface Repo {
  readonly name: string;
  readonly version: string;
  /** Absolute path of the repository root. */
  readonly root: string;
  /** Absolute path of the settings file that was read; with Compose files alone, of the one that may be written. */
  readonly settingsFile: string;
  /** Globs of instruction modules, relative to the root; empty: the default applies. */
  readonly instructions: readonly string[];
  readonly labSources: readonly LabSource[];
  /** `[lab] default`: the lab to work in where nothing else chooses one. */
  readonly defaultLab?: string;
  readonly docker: RepoDocker;
  /** What was accepted and has no meaning here, one sentence each; for a debug log. */
  readonly notes: readonly string[];
}

/** `[docker]` of the settings. */
export interface RepoDocker {
  /** `undefined`: tags carry no prefix. */
  readonly registryUrl: string | undefined;
  /** Whether a registry that cannot be reached is done without. Default: it is an error. */
  readonly registryOptional?: boolean;
  /** The Compose project that this repo's services are part of, together with those of other repos. Default: one of its own. */
  readonly project?: string;
  readonly images: readonly DockerImage[];
  readonly composes: readonly DockerCompose[];
}

/** One `[[lab.sources]]`. */
export type LabSource =
  | {
      readonly backend: "json";
      /** Absolute paths: a directory (its `lab.json`), or a `.json`, `.yaml` or `.yml` file. */
      readonly paths: readonly string[];
    }
  | {
      readonly backend: "command";
      /** Argv of a command of this machine whose stdout is a lab file, JSON or YAML; it runs in the root. */
      readonly command: readonly string[];
    };

/** One `[[docker.images]]`. Scalars of maps have become strings. */
export interface DockerImage {
  readonly name: string;
  /** Absolute; may lie outside the context. */
  readonly dockerfile: string;
  /** Absolute path of a directory. */
  readonly context: string;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly platform?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly cacheFrom: readonly string[];
  readonly network?: string;
  /** As `docker build --add-host` takes it: `db:10.0.0.1`, `db=[fd00::1]`, `gw:host-gateway`. */
  readonly addHosts: readonly string[];
  /** As `docker build --shm-size` takes it, for example `128m`. */
  readonly shmSize?: string;
  /** Name to absolute directory, or to a reference with a scheme (`docker-image://…`, `https://…`), which stays as it is. */
  readonly additionalContexts: Readonly<Record<string, string>>;
  readonly secrets: readonly BuildSecret[];
  /** `default` or `id=path,path`, as `docker build --ssh` takes it: an agent's socket, or key files; absolute paths. */
  readonly ssh: readonly string[];
  readonly push?: boolean;
  /** `content` (the default): mtimes in the image derive from content. `preserve`: they are those of the files. */
  readonly mtime?: "content" | "preserve";
}

/** A build secret: where its value comes from, never the value. */
export interface BuildSecret {
  readonly id: string;
  /** Environment variable that holds the value. */
  readonly env?: string;
  /** Absolute path of the file that holds the value. */
  readonly file?: string;
  /** Argv of a command of this machine that prints the value; it runs in the root. A program with a slash is an absolute path. */
  readonly command?: readonly string[];
}

/** One `[[docker.composes]]`. */
export interface DockerCompose {
  /** Absolute. */
  readonly path: string;
  /** What `--on NAME=HOST` calls it. */
  readonly name?: string;
  /** Id or handle of the lab host the stack belongs on. */
  readonly defaultHost?: string;
  /** The role of the lab host it belongs on; not together with `defaultHost`. */
  readonly role?: string;
  /** Whether it belongs on each lab host with the role. Default: on the first. */
  readonly spread?: boolean;
  /** What runs it: `docker compose`, or `docker stack deploy` on a parent that manages a swarm. Default: `compose`. */
  readonly engine?: "compose" | "swarm";
  /** Variables that the compose files may use; `${otto:…}` in a value stands for what the lab knows. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The services to run; absent: all. */
  readonly services?: readonly string[];
  readonly profiles: readonly string[];
  /** Whether files outside the repository may be shipped to the parent. */
  readonly allowOutside?: boolean;
  /** What is not sent of directories that services bind-mount. Default: nothing. */
  readonly bindMounts?: readonly BindMount[];
  /** Where the values of secrets come from that the compose files take from variables. Default: from the environment alone. */
  readonly secrets?: readonly StackSecret[];
}

/** A secret of a stack that a command prints, when the environment does not have it. */
export interface StackSecret {
  /** Its name in `secrets` of a compose file, which names a variable there (`environment:`). */
  readonly id: string;
  /** As that of a {@link BuildSecret}. */
  readonly command: readonly string[];
}

/** One `[[docker.composes.bind_mounts]]`. */
export interface BindMount {
  /** The directory that is mounted; absolute. */
  readonly path: string;
  /** Lines as those of a `.dockerignore` in that directory. At least one. */
  readonly ignore: readonly string[];
}
