import type { BuildEvent } from "@otto/build";
import type { ServiceChoice, UpEvent } from "@otto/compose";
import type { DockerContainerHost } from "@otto/hosts";
import type { OnParent } from "./repo-parts.js";
import type { PlacementOptions } from "./stack-placement.js";

export interface ComposeUpOptions extends PlacementOptions, ServiceChoice {
  /** Build the images first that the stack, or the chosen services, are started from, and let compose build. Default true. */
  readonly build?: boolean | undefined;
  /** See `buildImages`. */
  readonly cacheDir?: string | false | undefined;
  /** Leaves what a failed or interrupted first `up` started as it is. Default false: it is taken down. */
  readonly keep?: boolean | undefined;
  /**
   * Where the logs and the `inspect` data of such an `up` are saved before it is taken down, for {@link composeLogs}; `false`:
   * nowhere. Default: `otto/failures` in the user's state directory (`XDG_STATE_HOME`).
   */
  readonly failuresDir?: string | false | undefined;
  /** How long services may take to be up, in milliseconds. Default 300,000. */
  readonly readyTimeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: OnParent<BuildEvent | UpEvent>) => void) | undefined;
  /** Of `composeUp`: called when what belongs on a parent is up, or has failed; others may go on. It must not throw. */
  readonly onParent?: ((end: UpEnd) => void) | undefined;
}

/** What came of an `up` on one parent. */
export type UpEnd =
  /** `hosts` by service: those of the first containers. */
  | { readonly parent: string; readonly hosts: Readonly<Record<string, DockerContainerHost>> }
  | { readonly parent: string; readonly error: unknown };
