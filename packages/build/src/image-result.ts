import type { OttoError } from "@otto/errors";

/** `skipped`: the image with this hash is there; `success`: built; `failed`: `message` is what went wrong. */
export type ImageResult =
  | {
      readonly status: "success" | "skipped";
      /** Where the image comes from: it was there, its registry had it, or it was built. */
      readonly source: "present" | "pulled" | "built";
      /** Whether both tags are in the registry now. */
      readonly pushed: boolean;
      /** The full tag. */
      readonly message: string;
      readonly tag: string;
      /** 64 hex digits. */
      readonly hash: string;
      readonly durationMs: number;
    }
  | {
      readonly status: "failed";
      /** The captured output of a failed build, else the error's message. */
      readonly message: string;
      readonly error: OttoError;
    };
