import {
  type DownEvent,
  type DownOutcome,
  type DownStep,
  formatKept,
  previewDown,
  requireDeclared,
  takeDown,
} from "@otto/compose";
import type { Repo } from "@otto/config";
import { isOttoError, type OttoError } from "@otto/errors";
import type { Lab } from "@otto/host-registry";
import { currentUser } from "./current-user.js";
import { withActivity } from "./lab-activity.js";
import { listServiceReplicas } from "./service-replicas.js";
import { placeStack, projectNameOf } from "./stack-placement.js";

export interface ComposeDownOptions {
  /** Id or handle of the parent. */
  readonly on?: string | undefined;
  readonly projectName?: string | undefined;
  /** Seconds each container gets before it is killed. Default 1. */
  readonly stopTimeout?: number | undefined;
  /** Whether named volumes and what containers wrote into bind mounts go too. Default false. */
  readonly volumes?: boolean | undefined;
  /**
   * The services whose containers are removed; the rest of the stack stays as it is, and so do files that were sent. With
   * `volumes`, only volumes that these containers had go. Default: the whole stack.
   */
  readonly services?: readonly string[] | undefined;
  /** With `services`: whether containers of services that are no longer declared go, too. Without, they always do. Default false. */
  readonly removeOrphans?: boolean | undefined;
  /** Images that go with the whole stack: `all` that its services use, or the `local` ones that Compose built. Default: none. */
  readonly rmi?: "all" | "local" | undefined;
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
 * `LAB_DEFAULT_HOST_MISSING` when the settings name a default host, the lab has it not and `on` names no other;
 * `COMPOSE_UNKNOWN_SERVICE` for one that is neither declared nor has a container, and what `readStack` throws with `services`
 */
export async function composeDown(repo: Repo, lab: Lab, options: ComposeDownOptions = {}): Promise<ComposeDownResult> {
  const parent = lab.removalParentFor(repo, options.on);
  const project = projectNameOf(repo, lab, options);
  const { stopTimeout = 1, volumes = false, rmi, signal } = options;
  const services = await chooseServices(repo, lab, options);
  const what = services === undefined ? project : `${[...services].join(", ")} of ${project}`;
  const [is, was] = (services?.size ?? 1) > 1 ? ["are", "were"] : ["is", "was"];
  try {
    await lab.hosts.unregister(project, parent.id, services);
    const { wasUp, kept } = await takeDown(parent, project, {
      stopTimeout,
      volumes,
      rmi,
      services,
      who: currentUser(),
      signal,
      ...withActivity(lab, options.onEvent),
    });
    const stays = kept === undefined ? "" : `; ${formatKept(kept)}`;
    return wasUp
      ? { status: "success", message: `${what} ${is} down on ${parent.id}${stays}`, kept }
      : { status: "skipped", message: `${what} ${was} not up on ${parent.id}${stays}`, kept };
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
  const { volumes = false, rmi, signal } = options;
  const services = await chooseServices(repo, lab, options);
  return previewDown(parent, projectNameOf(repo, lab, options), { volumes, rmi, services, signal });
}

/** The services that go; undefined: all. A choice of images to remove is one of the whole stack's. */
async function chooseServices(
  repo: Repo,
  lab: Lab,
  { on, projectName, services = [], removeOrphans = false, rmi }: ComposeDownOptions,
): Promise<ReadonlySet<string> | undefined> {
  if (services.length === 0) return undefined;
  if (rmi !== undefined) throw new TypeError("composeDown: rmi takes the images of the whole stack, not of services");
  const options = { on, projectName };
  const replicas = await listServiceReplicas(lab.removalParentFor(repo, on), projectNameOf(repo, lab, options));
  const there = new Set(replicas.map(({ service }) => service));
  if (!removeOrphans && services.every((name) => there.has(name))) return new Set(services);
  const stack = await placeStack(repo, lab, options);
  requireDeclared(
    stack,
    services.filter((name) => !there.has(name)),
    "taking services down",
  );
  const declared = stack.files.services.map(({ name }) => name);
  return new Set([...services, ...(removeOrphans ? [...there].filter((name) => !declared.includes(name)) : [])]);
}
