import type { BuildReach } from "./context-reach.js";

/** The build inputs of one image, on this machine. */
export interface ContextSource {
  /** Absolute path of the context directory; may be a symbolic link to it. */
  readonly context: string;
  /** Absolute path of the Dockerfile, inside the context or not. */
  readonly dockerfile: string;
  readonly buildArgs?: Readonly<Record<string, string>> | undefined;
  readonly target?: string | undefined;
  readonly platform?: string | undefined;
  /** Only the ids count, never the values. */
  readonly secrets?: readonly { readonly id: string }[] | undefined;
  readonly ssh?: readonly { readonly id: string }[] | undefined;
  /** By name: an absolute path of a directory, or a reference such as `docker-image://alpine`. */
  readonly additionalContexts?: Readonly<Record<string, string>> | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Of the build's steps, as `docker build` takes them. */
  readonly network?: string | undefined;
  readonly addHosts?: readonly string[] | undefined;
  readonly shmSize?: string | undefined;
  /** Where the times of files come from. Default `content`. */
  readonly mtime?: "content" | "preserve" | undefined;
}

export interface ReadOptions {
  /** The directory for the digests of files that have not changed since; `false` (the default) reads every file. */
  readonly cacheDir?: string | false | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ReadContextOptions extends ReadOptions {
  /** How much the build of the Dockerfile, given as text, can read of its contexts. Default: everything. */
  readonly findReach?: ((dockerfile: string) => BuildReach) | undefined;
}
