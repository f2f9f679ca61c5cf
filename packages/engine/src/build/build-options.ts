/** What a build says while it runs. Steps are named as the engine names them: `[2/3] RUN make`. */
export type BuildProgress =
  | {
      readonly type: "step";
      readonly step: string;
      readonly state: "started" | "cached" | "done" | "failed";
      /** By the engine's clock, in milliseconds since 1970; undefined where the engine does not say. */
      readonly startedAt?: number | undefined;
      readonly completedAt?: number | undefined;
    }
  | { readonly type: "output"; readonly step: string | undefined; readonly text: string }
  /** Content of the context since the build began; `totalBytes` is what the engine has asked for so far. */
  | { readonly type: "sent"; readonly bytes: number; readonly totalBytes: number };

export interface BuildImageOptions {
  /** `name:tag` that the finished image gets. */
  readonly tag: string;
  /** The Dockerfile's path in the tar. */
  readonly dockerfile: string;
  readonly buildArgs?: Readonly<Record<string, string>> | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly target?: string | undefined;
  readonly platform?: string | undefined;
  readonly pull?: boolean | undefined;
  /** Whether steps run even where the engine has their layers. Default false. */
  readonly noCache?: boolean | undefined;
  readonly cacheFrom?: readonly string[] | undefined;
  readonly networkMode?: string | undefined;
  readonly extraHosts?: readonly string[] | undefined;
  /** In bytes. */
  readonly shmSizeBytes?: number | undefined;
  /** What it throws ends no build: the call rejects with it afterwards. */
  readonly onProgress?: ((progress: BuildProgress) => void) | undefined;
  /** The Dockerfile, of which the error of a failed build quotes the lines around the one that failed. Default: no quote. */
  readonly dockerfileText?: string | undefined;
  /** What the Dockerfile is called in that quote. Default: `dockerfile`. */
  readonly dockerfileName?: string | undefined;
  /** The Dockerfile's line of a step, for the error of one that fails; steps are named as in {@link BuildProgress}. */
  readonly locateStep?: ((step: string) => number | undefined) | undefined;
}
