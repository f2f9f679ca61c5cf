import type { OttoError } from "@otto/errors";

/** Where an image comes from: it was there, its registry had it, or it was built. */
export type ImageSource = "present" | "pulled" | "built";

/** `skipped`: the image with this hash is there; `success`: built; `failed`: `message` is what went wrong. */
export type ImageResult =
  | {
      readonly status: "success" | "skipped";
      readonly source: ImageSource;
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
