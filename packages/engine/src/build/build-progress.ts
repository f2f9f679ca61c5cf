/** What a build says while it runs. Steps are named as the engine names them: `[2/3] RUN make`. */
export type BuildProgress =
  | { readonly type: "step"; readonly step: string; readonly state: "started" | "cached" | "done" | "failed" }
  | { readonly type: "output"; readonly step: string | undefined; readonly text: string }
  /** Content of the context since the build began; `totalBytes` is what the engine has asked for so far. */
  | { readonly type: "sent"; readonly bytes: number; readonly totalBytes: number };
