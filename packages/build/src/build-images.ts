import type { Repo } from "@otto/config";
import { isOttoError, type OttoError } from "@otto/errors";
import type { Parent } from "@otto/hosts";
import pLimit from "p-limit";
import { type PlanBuildOptions, planBuild } from "./build-observation.js";
import type { BuildStep } from "./build-plan.js";
import type { Environment } from "./build-secrets.js";
import { buildWanted } from "./image-build.js";

export type BuildEvent =
  | { readonly type: "build.started"; readonly image: string; readonly tag: string; readonly cause: string }
  | {
      readonly type: "build.step";
      readonly image: string;
      readonly step: string;
      readonly state: "started" | "cached" | "done" | "failed";
    }
  | { readonly type: "build.output"; readonly image: string; readonly text: string }
  | { readonly type: "build.sent"; readonly image: string; readonly bytes: number; readonly totalBytes: number }
  | { readonly type: "build.finished"; readonly image: string; readonly result: ImageResult };

export interface BuildImagesOptions extends PlanBuildOptions {
  /** Ask for newer base images. Default false. */
  readonly pull?: boolean | undefined;
  /** Where `env` secrets and `SSH_AUTH_SOCK` are looked up. Default: nowhere. */
  readonly env?: Environment | undefined;
  readonly onEvent?: ((event: BuildEvent) => void) | undefined;
}

/** `skipped`: the image with this hash is there; `success`: built; `failed`: `message` is what went wrong. */
export type ImageResult =
  | {
      readonly status: "success" | "skipped";
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

// A build keeps a core of the parent busy; more side by side only wait for each other.
const buildsAtOnce = 4;

/**
 * Builds the images of a repo on a parent; one that is there with the same inputs is only pointed at by `:latest`.
 * One failed image does not stop the others.
 *
 * @returns image name to result, in the order of the settings
 * @throws OttoError `BUILD_IMAGE_UNKNOWN`, `ENGINE_UNREACHABLE`, and what connecting to the parent throws
 */
export async function buildImages(
  repo: Repo,
  parent: Parent,
  options: BuildImagesOptions = {},
): Promise<Record<string, ImageResult>> {
  const steps = await planBuild(repo, parent, options);
  const limit = pLimit(buildsAtOnce);
  const results = await Promise.all(
    steps.map((step) =>
      limit(async (): Promise<[string, ImageResult]> => {
        const result = await applyStep(step, { repo, parent, options });
        options.onEvent?.({ type: "build.finished", image: step.image, result });
        return [step.image, result];
      }),
    ),
  );
  return Object.fromEntries(results);
}

interface Build {
  readonly repo: Repo;
  readonly parent: Parent;
  readonly options: BuildImagesOptions;
}

async function applyStep(step: BuildStep, build: Build): Promise<ImageResult> {
  build.options.signal?.throwIfAborted();
  if (step.do === "fail") return failed(step.error);
  const started = performance.now();
  try {
    if (step.do === "build") {
      build.options.onEvent?.({ type: "build.started", image: step.image, tag: step.tag, cause: step.cause });
      await buildWanted(step.wanted, build);
    }
    await build.parent.engine.tagImage({ source: step.tag, target: step.wanted.latestTag }, build.options.signal);
  } catch (error) {
    if (!isOttoError(error)) throw error;
    return failed(error);
  }
  const { tag, wanted } = step;
  const status = step.do === "skip" ? "skipped" : "success";
  return { status, message: tag, tag, hash: wanted.context.hash, durationMs: performance.now() - started };
}

function failed(error: OttoError): ImageResult {
  const output = error.details?.output;
  return { status: "failed", message: typeof output === "string" ? output : error.message, error };
}
