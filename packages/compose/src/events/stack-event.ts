import type { ResourceState } from "./compose-line.js";

/** What a service, or one of its containers, is at. */
export type ServicePhase =
  | "pulling"
  | "pulled"
  | "building"
  | "built"
  /** `depends_on` asks for more of others: see `waitsFor`. */
  | "waiting"
  | "creating"
  | "created"
  /** Compose starts it, or it runs and its health check has neither passed nor failed yet. */
  | "starting"
  | "running"
  | "healthy"
  | "unhealthy"
  /** It ended, and the engine starts it again. */
  | "restarting"
  | "exited"
  | "paused"
  | "stopping"
  | "stopped"
  | "removing"
  | "removed"
  /** A pull or a build failed, or compose could not do what it wanted; `detail` says why. */
  | "failed";

/** A service, or one of its containers, is at something else than before. */
export interface ServiceEvent {
  readonly type: "compose.service";
  readonly project: string;
  readonly service: string;
  /** Absent: of the service as a whole, as for a pull. */
  readonly replica?: number;
  /** The container's name. */
  readonly container?: string;
  readonly state: ServicePhase;
  /** Of `waiting`: services that are not yet what its `depends_on` asks for. */
  readonly waitsFor?: readonly string[];
  /** Of `exited` and `restarting`. */
  readonly exitCode?: number;
  /** Since its container was started: of `healthy`, `unhealthy`, `exited` and `restarting`. */
  readonly afterMs?: number;
  /** One line: the last of its log where it failed, what its health check wrote last, what a registry answered. */
  readonly detail?: string;
}

/** A step of an image that compose builds. */
export interface ComposeBuildEvent {
  readonly type: "compose.build";
  readonly project: string;
  readonly service: string;
  /** As BuildKit calls it: `[2/3] RUN make`. */
  readonly step: string;
  readonly state: "started" | "cached" | "done" | "failed";
}

/** What a step of such a build writes: one line without its end. */
export interface ComposeBuildOutputEvent {
  readonly type: "compose.build-output";
  readonly project: string;
  readonly service: string;
  readonly text: string;
}

/** How far the images are that are being pulled. */
export interface ComposePullEvent {
  readonly type: "compose.pull";
  readonly project: string;
  /** Those whose images are pulled now; compose does not say which layer is whose. */
  readonly services: readonly string[];
  readonly state: "downloading" | "extracting";
  /** Of all layers that are known to be needed, to about three digits; the total grows as layers are begun. */
  readonly bytes: number;
  readonly totalBytes: number;
}

/** A network or a volume of the stack. */
export interface ResourceEvent {
  readonly type: "compose.resource";
  readonly project: string;
  readonly resource: "network" | "volume";
  /** As the engine calls it. */
  readonly name: string;
  /** `kept`: others use it. */
  readonly state: ResourceState;
}

/** What compose writes while it works, and no other event says: whole lines, as they come. */
export interface ComposeOutputEvent {
  readonly type: "compose.output";
  readonly project: string;
  readonly text: string;
}

export type StackEvent = ServiceEvent | ComposeBuildEvent | ComposeBuildOutputEvent | ComposePullEvent | ResourceEvent;
