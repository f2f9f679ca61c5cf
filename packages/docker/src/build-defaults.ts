import type { BuildImagesOptions } from "@otto/build";
import { findCurrentLab } from "./current-lab.js";
import { currentUser } from "./current-user.js";
import { withActivity } from "./lab-activity.js";

type BuildOptions<Event> = Omit<BuildImagesOptions, "onEvent"> & {
  readonly onEvent?: ((event: Event) => void) | undefined;
};

interface Given {
  readonly env: NonNullable<BuildImagesOptions["env"]>;
  readonly who: string;
}

/** This process's environment and user; within `withLab`, that lab's commands and listeners, too. */
export function withBuildDefaults<Event extends { readonly type: string }>(
  options: BuildOptions<Event>,
): BuildOptions<Event> & Given {
  const { env = process.env, who = currentUser() } = options;
  const lab = findCurrentLab();
  const heard = lab?.onActivity === undefined ? {} : { onEvent: withActivity(lab, options.onEvent).onEvent };
  return { commands: lab?.commands, ...options, ...heard, env, who };
}
