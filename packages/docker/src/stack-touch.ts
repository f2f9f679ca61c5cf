import { mayEnd, type PlacedStack } from "@otto/compose";
import type { Repo } from "@otto/config";
import { isOttoError, OttoError, SingleFlight } from "@otto/errors";
import type { Lab } from "@otto/host-registry";
import { type ContainerHostOptions, notRunning } from "@otto/hosts";
import { composeUp } from "./compose-up.js";
import type { ComposeUpOptions } from "./up-options.js";

type ComposeService = PlacedStack["files"]["services"][number];

/** What of a repo's stack is on one parent. */
export interface DeclaredStack {
  readonly stack: PlacedStack;
  /** The repo with all of its `[[docker.composes]]`. */
  readonly whole: Repo;
  /** Brings all of it up, once for all who use a placeholder. */
  readonly up: StackUp;
}

type StackUp = SingleFlight<unknown>;

/** See {@link DeclaredStack.up}. */
export function createStackUp(lab: Lab, repo: Repo, options: ComposeUpOptions): StackUp {
  return new SingleFlight((signal) => composeUp(repo, lab, { ...options, build: false, signal }));
}

/** What is to happen when a service's host is used and no container of it runs. */
export type Touch = (service: ComposeService, host: string) => NonNullable<ContainerHostOptions["bringUp"]>;

/**
 * Brings the stack up without building, once for all who use one of its placeholders. A host that has been running is not
 * brought up behind its user's back, nor a stack on a parent that `up` would not choose, nor a service that is not enabled.
 */
export function createTouch(lab: Lab, { stack, whole, up }: DeclaredStack, options: ComposeUpOptions): Touch {
  const { project } = stack;
  const isPlace = options.on === undefined || isChosen(lab, { stack, whole });
  return (service, host) => async (signal, status) => {
    const id = { id: host, service: service.name };
    const known = lab.hosts.stateOf({ id: host, project });
    if (status.exitCode === 0 && mayEnd(service, service.restart)) throw hasDone(host, service);
    if (known !== "placeholder") throw notRunning(id, status);
    if (!isPlace) throw notRunning(id, status, `otto docker up --on ${stack.parent.id}`);
    if (!service.enabled) throw notRunning(id, status, upCommandOf(service));
    try {
      if (!up.isRunning) options.onEvent?.({ type: "compose.used", project, parent: stack.parent.id, host, ...status });
      await up.do(signal);
    } catch (cause) {
      signal.throwIfAborted();
      if (isElsewhere(cause, stack)) return;
      throw notBroughtUp(host, stack, cause as Error);
    }
  };
}

/** Whether other parents alone have failed. */
function isElsewhere(error: unknown, { parent }: PlacedStack): boolean {
  const failed = isOttoError(error) ? error.details?.failed : undefined;
  return Array.isArray(failed) && !failed.some((one) => (one as { parent?: string }).parent === parent.id);
}

function isChosen(lab: Lab, { stack: { parent }, whole }: Pick<DeclaredStack, "stack" | "whole">): boolean {
  try {
    return lab.partsOf(whole).some((part) => part.parent.id === parent.id);
  } catch {
    return false;
  }
}

function upCommandOf({ profiles }: ComposeService): string {
  const [profile] = profiles;
  return profile === undefined ? "otto docker up" : `otto docker up --profile ${profile}`;
}

/** Nothing brings it up: it is as `up` leaves it. */
function hasDone(host: string, { name }: ComposeService): OttoError {
  return new OttoError(
    "HOST_NOT_RUNNING",
    `${host}: the container of the service ${name} has done its work and exited`,
    {
      hint: `See what it wrote: otto docker logs ${name}`,
      details: { host },
    },
  );
}

function notBroughtUp(host: string, { project }: PlacedStack, cause: Error): OttoError {
  return new OttoError("HOST_NOT_RUNNING", `${host}: its stack ${project} does not come up: ${cause.message}`, {
    hint: (isOttoError(cause) ? cause.hint : undefined) ?? "Build and bring it up: otto docker up",
    details: { host, project },
    cause,
  });
}
