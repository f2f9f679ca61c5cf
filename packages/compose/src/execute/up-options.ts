import type { ContainerState, RegistryCredentials } from "@otto/engine";
import type { ComposeOutputEvent, StackEvent } from "../events/stack-event.js";
import type { ObservedPort } from "../observed/observed-stack.js";
import type { UpStep } from "../plan/operations.js";
import type { WaitingEvent } from "../session/stack-lock.js";
import type { PhaseListener } from "../session/stack-phase.js";

/** A stack is up. */
export interface ReadyEvent {
  readonly type: "compose.ready";
  readonly project: string;
  /** How many services there are containers of. */
  readonly services: number;
  /** Whether any container or image is another than before. */
  readonly isChanged: boolean;
  readonly ports: readonly ServicePort[];
}

export interface ServicePort extends ObservedPort {
  readonly service: string;
  readonly replica: number;
}

/** Something that a user is to know; the work goes on. */
export interface StackWarning {
  readonly type: "compose.warning";
  readonly project: string;
  readonly message: string;
}

export type UpEvent =
  /** Someone else works on the stack; this call goes on when they are done. */
  | WaitingEvent
  /** Files are being sent: `bytes` of them have gone. Comes with every part. */
  | { readonly type: "compose.sending"; readonly project: string; readonly bytes: number; readonly totalBytes: number }
  /** `files`: how many were sent, and their bytes; those that have not changed are not. */
  | { readonly type: "compose.staged"; readonly project: string; readonly files: number; readonly bytes: number }
  | { readonly type: "compose.planned"; readonly project: string; readonly steps: readonly UpStep[] }
  /** What happens to services, their images, networks and volumes, as it happens. */
  | StackEvent
  | ComposeOutputEvent
  /** `output`: all that compose wrote. */
  | { readonly type: "compose.started"; readonly project: string; readonly output: string }
  /** The stack is up. */
  | ReadyEvent
  /** The use of `host`, whose container is at `state`, brings the stack up. */
  | {
      readonly type: "compose.used";
      readonly project: string;
      readonly parent: string;
      readonly host: string;
      readonly state: ContainerState;
      readonly exitCode?: number | undefined;
    }
  | StackWarning;

/** Who brings a stack up, and from what: it becomes labels of its containers. */
export interface StackOrigin {
  /** As `ada@desk`: the label `otto.user`. */
  readonly user: string;
  /** Of the checkout, with `-dirty` behind it where tracked files differ: the label `otto.commit`. Undefined: it is none of git's. */
  readonly commit?: string | undefined;
}

/** Finds the user's login for a registry, as `registry.example:5000`; undefined: there is none. */
export type FindLogin = (registry: string) => Promise<RegistryCredentials | undefined>;

export interface UpOptions {
  /** Whether compose may build images: of services with a `build` section. Default true. */
  readonly build?: boolean | undefined;
  /** The directory for the digests of staged files that have not changed since; `false` (the default) reads every file. */
  readonly cacheDir?: string | false | undefined;
  /** Leaves what a failed or interrupted first `up` started as it is. Default false: it is taken down. */
  readonly keep?: boolean | undefined;
  /**
   * Where the logs and the `inspect` data of such an `up` are saved before it is taken down: an absolute path. Default
   * false: nowhere.
   */
  readonly failuresDir?: string | false | undefined;
  /** How long services may take to be up, in milliseconds. Default 300,000. */
  readonly readyTimeoutMs?: number | undefined;
  /** The user's logins for registries: private images are pulled with them. Default: none. */
  readonly findLogin?: FindLogin | undefined;
  /** Called once where a container is made, for its labels; must not reject. Default: it has none. */
  readonly readOrigin?: (() => Promise<StackOrigin>) | undefined;
  /** The name under which a waiting command reports this call, and the log of the parent. */
  readonly who: string;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: UpEvent) => void) | undefined;
  /** Called with each part of the work as it begins, for a trace. It must not throw. */
  readonly onPhase?: PhaseListener | undefined;
}
