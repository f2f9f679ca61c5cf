import {
  type DownEvent,
  type DownOptions,
  type DownOutcome,
  type DownStep,
  formatKept,
  previewDown,
  requireDeclared,
  takeDown,
} from "@otto/compose";
import type { Repo } from "@otto/config";
import { isOttoError, type OttoError } from "@otto/errors";
import { joinFailures, type Lab, type RepoPart } from "@otto/host-registry";
import { currentUser } from "./current-user.js";
import { withActivity } from "./lab-activity.js";
import { callParts, joinRows, type OnParent, type PartResult } from "./repo-parts.js";
import { listServiceReplicas } from "./service-replicas.js";
import { placeStack, projectNameOf } from "./stack-placement.js";
import { StackPlaces } from "./stack-places.js";
import { stackEngineOf } from "./swarm/stack-engine.js";
import { planSwarmPartDown, takeSwarmPartDown } from "./swarm/swarm-parts.js";

export interface ComposeDownOptions {
  /** As of `PlacementOptions`. */
  readonly on?: string | undefined;
  readonly projectName?: string | undefined;
  /** Seconds each container gets before it is killed; tasks of a swarm get their `stop_grace_period`. Default 1. */
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
  readonly onEvent?: ((event: OnParent<DownEvent>) => void) | undefined;
}

/** `skipped`: there was nothing to take down. `kept`: what containers wrote into bind mounts, where it stays. */
export type ComposeDownResult = DownResult & {
  /** Of several parents: what became of each. Above, `failed` goes before `success`, and `success` before `skipped`. */
  readonly parents?: readonly ParentDownResult[];
};

/** What has become of a stack on one of several parents. */
export type ParentDownResult = DownResult & { readonly parent: string };

type DownResult =
  | { readonly status: "success" | "skipped"; readonly message: string; readonly kept: DownOutcome["kept"] }
  | { readonly status: "failed"; readonly message: string; readonly error: OttoError };

/**
 * Takes a repo's stack down, after closing its container hosts. A failed tear-down is returned, not thrown. On several parents,
 * one that fails does not stop the others.
 * @throws OttoError only before anything is done: `COMPOSE_PROJECT_INVALID`, `LAB_UNKNOWN_HOST`, `LAB_NO_PARENT`, and
 * `LAB_DEFAULT_HOST_MISSING` when the settings name a default host, the lab has it not and `on` names no other;
 * `COMPOSE_UNKNOWN_SERVICE` for one that is neither declared nor has a container, and what `readStack` throws with `services`
 */
export async function composeDown(repo: Repo, lab: Lab, given: ComposeDownOptions = {}): Promise<ComposeDownResult> {
  const options = { ...given, ...withActivity(lab, given.onEvent) };
  const call = removalCall(repo, lab, options);
  const isOne = call.parts.length === 1;
  const results = await callParts(call, options, (part, own) =>
    isOne ? downPart(part, lab, own) : downPart(part, lab, own).catch(toFailure),
  );
  return joinResults(results);
}

function removalCall(repo: Repo, lab: Lab, options: ComposeDownOptions) {
  // Refused before anything is done.
  projectNameOf(repo, lab, options);
  return { repo, lab, doing, parts: lab.removalPartsOf(repo, options.on), orRunning: true };
}

const doing = "taking services down";

/** Of several parents, one result; what they kept stands in the results of each. */
function joinResults(results: readonly PartResult<DownResult>[]): ComposeDownResult {
  const [only] = results;
  if (only !== undefined && results.length === 1) return only.value;
  const parents = results.map(({ part, value }) => ({ ...value, parent: part.parent.id }));
  const message = parents.map((one) => one.message).join("\n");
  const failures = parents.flatMap((one) =>
    one.status === "failed" ? [{ parent: one.parent, error: one.error }] : [],
  );
  if (failures.length > 0) {
    // All are errors of otto.
    return { status: "failed", message, error: joinFailures(failures, parents.length) as OttoError, parents };
  }
  const status = parents.some((one) => one.status === "success") ? "success" : "skipped";
  const kept = parents.flatMap((one) => (one.status === "failed" ? [] : (one.kept ?? [])));
  return { status, message, kept: kept[0], parents };
}

async function downPart(part: RepoPart, lab: Lab, options: DownCallOptions): Promise<DownResult> {
  const result = await takePartDown(part, lab, options);
  const isWhole = (options.services ?? []).length === 0;
  if (!isWhole || result.status === "failed") return result;
  await new StackPlaces(lab, projectNameOf(part.repo, lab, options)).forget(part.parent.id);
  lab.preferHosts(part.repo, undefined);
  return result;
}

async function takePartDown(part: RepoPart, lab: Lab, options: DownCallOptions): Promise<DownResult> {
  const { parent } = part;
  const project = projectNameOf(part.repo, lab, options);
  const { stopTimeout = 1, volumes = false, rmi, signal, onEvent, onPhase } = options;
  const services = await chooseServices(part, lab, options);
  const what = services === undefined ? project : `${[...services].join(", ")} of ${project}`;
  const [is, was] = (services?.size ?? 1) > 1 ? ["are", "were"] : ["is", "was"];
  try {
    await lab.hosts.unregister(project, parent.id, services);
    if (stackEngineOf(part) === "swarm") {
      const { wasUp, left, manager } = await takeSwarmPartDown(part, lab, { ...options, volumes, services, signal });
      const stays = left.length === 0 ? "" : `; ${left.join("; ")}`;
      return wasUp
        ? { status: "success", message: `${what} ${is} down on the swarm of ${manager}${stays}`, kept: undefined }
        : { status: "skipped", message: `${what} ${was} not up on the swarm of ${manager}`, kept: undefined };
    }
    const who = { who: currentUser(), repo: part.repo.name };
    const removal = { stopTimeout, volumes, rmi, services, ...who, signal, onEvent, onPhase };
    const { wasUp, kept } = await takeDown(parent, project, removal);
    const stays = kept === undefined ? "" : `; ${formatKept(kept)}`;
    return wasUp
      ? { status: "success", message: `${what} ${is} down on ${parent.id}${stays}`, kept }
      : { status: "skipped", message: `${what} ${was} not up on ${parent.id}${stays}`, kept };
  } catch (error) {
    return toFailure(error);
  }
}

type DownCallOptions = ComposeDownOptions & Pick<DownOptions, "onPhase">;

function toFailure(error: unknown): DownResult {
  if (!isOttoError(error)) throw error;
  const output = error.details?.output;
  return { status: "failed", message: typeof output === "string" ? output : error.message, error };
}

/**
 * What {@link composeDown} would remove; nothing where there is nothing to do. Changes nothing.
 * @throws OttoError before anything is asked as {@link composeDown}, and what `previewDown` and, with several parents, `eachPart`
 * throw
 */
export async function planComposeDown(
  repo: Repo,
  lab: Lab,
  options: ComposeDownOptions = {},
): Promise<OnParent<DownStep>[]> {
  const results = await callParts(removalCall(repo, lab, options), options, async (part, own) => {
    const { volumes = false, rmi, signal } = own;
    const services = await chooseServices(part, lab, own);
    if (stackEngineOf(part) === "swarm") return planSwarmPartDown(part, lab, { ...own, services });
    return previewDown(part.parent, projectNameOf(repo, lab, own), { volumes, rmi, services, signal });
  });
  return joinRows(results);
}

/** The services that go; undefined: all. A choice of images to remove is one of the whole stack's. */
async function chooseServices(
  part: RepoPart,
  lab: Lab,
  { on, projectName, services = [], removeOrphans = false, rmi }: ComposeDownOptions,
): Promise<ReadonlySet<string> | undefined> {
  if (services.length === 0) return undefined;
  if (rmi !== undefined) throw new TypeError("composeDown: rmi takes the images of the whole stack, not of services");
  const options = { on, projectName };
  if (stackEngineOf(part) === "swarm") return new Set(services);
  const replicas = await listServiceReplicas(part.parent, projectNameOf(part.repo, lab, options));
  const there = new Set(replicas.map(({ service }) => service));
  if (!removeOrphans && services.every((name) => there.has(name))) return new Set(services);
  const stack = await placeStack(part, lab, options);
  requireDeclared(
    stack,
    services.filter((name) => !there.has(name)),
    doing,
  );
  const declared = stack.files.services.map(({ name }) => name);
  return new Set([...services, ...(removeOrphans ? [...there].filter((name) => !declared.includes(name)) : [])]);
}
