import type { ServiceDigest } from "../desired/service-digest.js";
import type { ObservedStack } from "../observed/observed-stack.js";

/** What there is of a stack, and what is wanted beside its services. */
export interface Comparison extends Pick<ObservedStack, "containers" | "images" | "now"> {
  readonly project: string;
  /** By service; absent while nothing is to be compared. */
  readonly digests: ReadonlyMap<string, ServiceDigest>;
  /** By service without a build of its own: the one whose build makes the image that it names. */
  readonly builders: ReadonlyMap<string, string>;
  /** Whether compose may build images. */
  readonly mayBuild: boolean;
  /** Ids of containers that somebody stopped on purpose, for as long as that lasts. Default: none. */
  readonly held?: ReadonlySet<string> | undefined;
  /** The services whose containers are replaced though they run as declared. Default: none. */
  readonly forced?: ReadonlySet<string> | undefined;
}

/** One operation of an `up`, and why it is needed. */
export type UpStep = PullStep | ComposeStep | ContainerStep | NetworkStep | LeaveStep;

/** An ordered list: each step stands behind those that it waits for. */
export type UpPlan = readonly UpStep[];

interface Operation {
  readonly service: string;
  readonly cause: string;
  /** The other services whose steps come before. A run of Compose waits until those of earlier runs are up. */
  readonly after: readonly string[];
}

/** A registry is asked for the service's image. */
export interface PullStep extends Operation {
  readonly do: "pull";
  /**
   * Whether that has to be before anything else is done: the image may be there, or a network is replaced, off which
   * containers are meanwhile. Else compose pulls it too, when it starts the container.
   */
  readonly isAhead: boolean;
}

/** What one run of compose does, together with the other steps of that run. */
export interface ComposeStep extends Operation {
  readonly do: "build" | "create" | "recreate" | "start" | "remove";
  readonly run: ComposeRun;
}

export interface ComposeRun {
  /** The runs are counted from 1. */
  readonly number: number;
  /** Whether the services' containers are replaced; else those that there are stay, and are started. */
  readonly replaces: boolean;
  /** Whether compose builds their images first. */
  readonly builds: boolean;
}

/** What is done to single containers, beside compose. */
export interface ContainerStep extends Operation {
  readonly do: "rename" | "unpause" | "remove" | "restart";
  /** Ids. */
  readonly containers: readonly string[];
  /** For `rename`: what it is called then. */
  readonly name?: string | undefined;
  /** For `remove`: whether they are stopped first, so that they end by themselves. */
  readonly stops?: boolean | undefined;
}

/** A network is removed, for the next run of Compose to create it with its new settings. */
export interface NetworkStep extends Omit<Operation, "service"> {
  readonly do: "recreate";
  readonly service?: undefined;
  /** Its key in the files. */
  readonly network: string;
  /** What the engine calls it. */
  readonly name: string;
  /** Ids of those that are on it: they are stopped and taken off. */
  readonly containers: readonly string[];
}

/** Nothing is done. */
export interface LeaveStep extends Operation {
  readonly do: "leave";
}

export function isComposeStep(step: UpStep): step is ComposeStep {
  return "run" in step;
}

export function isContainerStep(step: UpStep): step is ContainerStep | NetworkStep {
  return "containers" in step;
}

/** What becomes of a service. An `unpause` is done to its containers. */
export interface Decision {
  readonly do: Exclude<UpStep["do"], "pull" | "rename">;
  readonly service: string;
  readonly cause: string;
}

/** What is not sent of a directory that services bind-mount, as `[[docker.composes.bind_mounts]]` says. */
export interface IgnoreStep {
  readonly do: "ignore";
  readonly service?: undefined;
  /** The directory, from the repo's root; `.` for that itself. */
  readonly mount: string;
  readonly patterns: readonly string[];
  /** How many files and links there are of what is ignored. */
  readonly files: number;
  readonly bytes: number;
  readonly cause: string;
  readonly after: readonly string[];
}

/** What an `up` would do, and what it would not send. */
export type UpPreview = readonly (UpStep | IgnoreStep)[];

/** Whether compose does it. */
export function isComposeAction(decision: Decision): decision is Decision & Pick<ComposeStep, "do"> {
  return !["leave", "restart", "unpause"].includes(decision.do);
}

/** Whether `up` changes nothing but images. */
export function isConverged(plan: UpPlan): boolean {
  return plan.every((step) => step.do === "pull" || step.do === "leave");
}

/** One line for a person. */
export function formatUpStep(step: UpStep | IgnoreStep): string {
  const { do: action, cause, after } = step;
  if (action === "ignore")
    return `bind mount ${step.mount}: ignore ${step.files} files, ${step.bytes} bytes (${cause})`;
  return `${step.service ?? `network ${step.network}`}: ${action} (${cause})${after.length === 0 ? "" : `, after ${after.join(", ")}`}`;
}
