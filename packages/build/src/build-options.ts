import type { LocalCommands } from "@otto/config";
import type { OttoError } from "@otto/errors";
import type { BuildEvent, ParentBuildEvent } from "./build-event.js";
import type { PlanBuildOptions } from "./build-observation.js";
import type { Environment } from "./build-secrets.js";
import type { ImageResult } from "./image-result.js";

export interface BuildImagesOptions extends PlanBuildOptions {
  /**
   * Where `env` secrets, `SSH_AUTH_SOCK` and the user's Docker configuration (`DOCKER_CONFIG`, else `HOME`) are looked
   * up. Default: nowhere.
   */
  readonly env?: Environment | undefined;
  /** Runs the commands that print secrets, each once; that of a lab is `lab.commands`. Default: each call has its own. */
  readonly commands?: LocalCommands | undefined;
  /** The name that others see while they wait for this build of the same image. Default `otto`. */
  readonly who?: string | undefined;
  /** What it throws ends no build: the call rejects with it once all have settled. */
  readonly onEvent?: ((event: BuildEvent) => void) | undefined;
}

/** Image names are those of each parent that names none itself. */
export interface BuildImagesOnOptions extends Omit<BuildImagesOptions, "onEvent"> {
  /** As that of {@link BuildImagesOptions}. */
  readonly onEvent?: ((event: ParentBuildEvent) => void) | undefined;
  /**
   * Called with the results of a parent, by its id, when it has its images; others may go on. `error`: why the parent could not be
   * asked. What it throws is as of `onEvent`.
   */
  readonly onResults?:
    | ((parent: string, results: Readonly<Record<string, ImageResult>>, error?: OttoError) => void)
    | undefined;
}
