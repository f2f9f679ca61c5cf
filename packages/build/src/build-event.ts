import type { ImageResult } from "./image-result.js";

/** What happens while images are built. Texts are clean of secrets and control characters. */
export type BuildEvent =
  /** Someone else provides this image; their result will be ours. */
  | { readonly type: "build.waiting"; readonly image: string; readonly who: string; readonly since: Date }
  | { readonly type: "build.started"; readonly image: string; readonly tag: string; readonly cause: string }
  | {
      readonly type: "build.step";
      readonly image: string;
      readonly step: string;
      readonly state: "started" | "cached" | "done" | "failed";
      /** By the engine's clock, in milliseconds since 1970; undefined where the engine does not say. */
      readonly startedAt?: number | undefined;
      readonly completedAt?: number | undefined;
    }
  | { readonly type: "build.output"; readonly image: string; readonly text: string }
  | { readonly type: "build.sent"; readonly image: string; readonly bytes: number; readonly totalBytes: number }
  /** Something to know: an image is built although one stands under its tag, a registry does not answer. */
  | { readonly type: "build.warning"; readonly image: string; readonly code: string; readonly message: string }
  | RegistryEvent
  | { readonly type: "build.finished"; readonly image: string; readonly result: ImageResult };

/** What happens on one of several parents. */
export type ParentBuildEvent = BuildEvent & {
  /** Its id. */
  readonly parent: string;
};

/** What goes on between the parent and a registry. */
export type RegistryEvent =
  | (RegistryTransfer & { readonly type: "registry.started" })
  | (RegistryTransfer & {
      readonly type: "registry.layer";
      readonly layer: string;
      readonly state: "existing" | "transferred";
    })
  /** The registry was lost, or refused; the engine tries again after so long. */
  | (RegistryTransfer & { readonly type: "registry.retrying"; readonly layer: string; readonly afterSeconds: number })
  | (RegistryTransfer & { readonly type: "registry.bytes"; readonly bytes: number; readonly totalBytes: number })
  | (RegistryTransfer & {
      readonly type: "registry.done";
      /** Of the manifest in the registry, after a push. */
      readonly digest?: string;
      /** Layers that went over. */
      readonly transferred: number;
      /** Layers that were there. */
      readonly existing: number;
    });

interface RegistryTransfer {
  readonly image: string;
  readonly tag: string;
  readonly action: "pull" | "push";
}
