import { type DownEvent, type DownOutcome, type DownStep, formatKept, previewDown, takeDown } from "@otto/compose";
import type { Repo } from "@otto/config";
import { isOttoError, type OttoError } from "@otto/errors";
import type { Lab } from "@otto/host-registry";
import { currentUser } from "./current-user.js";
import { projectNameOf } from "./stack-placement.js";

export interface ComposeDownOptions {
  /** Id or handle of the parent. */
  readonly on?: string | undefined;
  readonly projectName?: string | undefined;
  /** Seconds each container gets before it is killed. Default 1. */
  readonly stopTimeout?: number | undefined;
  /** Whether named volumes and what containers wrote into bind mounts go too. Default false. */
  readonly volumes?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: DownEvent) => void) | undefined;
}

/** `skipped`: there was nothing to take down. `kept`: what containers wrote into bind mounts, where it stays. */
export type ComposeDownResult =
  | { readonly status: "success" | "skipped"; readonly message: string; readonly kept: DownOutcome["kept"] }
  | { readonly status: "failed"; readonly message: string; readonly error: OttoError };

/**
 * Takes a repo's stack down, after closing its container hosts. A failed tear-down is returned, not thrown.
 * @throws OttoError only before anything is done: `COMPOSE_PROJECT_INVALID`, `LAB_UNKNOWN_HOST`, `LAB_NO_PARENT`, and
 * `LAB_DEFAULT_HOST_MISSING` when the settings name a default host, the lab has it not and `on` names no other
 */
export async function composeDown(repo: Repo, lab: Lab, options: ComposeDownOptions = {}): Promise<ComposeDownResult> {
  const parent = lab.removalParentFor(repo, options.on);
  const project = projectNameOf(repo, lab, options);
  const { stopTimeout = 1, volumes = false, signal, onEvent } = options;
  try {
    await lab.hosts.unregister(project, parent.id);
    const { wasUp, kept } = await takeDown(parent, project, {
      stopTimeout,
      volumes,
      who: currentUser(),
      signal,
      onEvent,
    });
    const stays = kept === undefined ? "" : `; ${formatKept(kept)}`;
    return wasUp
      ? { status: "success", message: `${project} is down on ${parent.id}${stays}`, kept }
      : { status: "skipped", message: `${project} was not up on ${parent.id}${stays}`, kept };
  } catch (error) {
    if (!isOttoError(error)) throw error;
    const output = error.details?.output;
    return { status: "failed", message: typeof output === "string" ? output : error.message, error };
  }
}

/**
 * What {@link composeDown} would remove; nothing where there is nothing to do. Changes nothing.
 * @throws OttoError before anything is asked as {@link composeDown}, and what `previewDown` throws
 */
export async function planComposeDown(repo: Repo, lab: Lab, options: ComposeDownOptions = {}): Promise<DownStep[]> {
  const parent = lab.removalParentFor(repo, options.on);
  const { volumes = false, signal } = options;
  return previewDown(parent, projectNameOf(repo, lab, options), { volumes, signal });
}
