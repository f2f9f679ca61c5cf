import { isAbsolute, join } from "node:path";
import { type KeptSshConnection, listKeptConnections } from "ssh2-streamer";
import { stateDirectory } from "./lab-trust.js";
import type { SshEnvironment } from "./ssh-route.js";

/** Where connections are kept that outlive a command: the user's runtime directory, else that of otto's state. */
export function keptConnectionDirectories({ env, home }: Pick<SshEnvironment, "env" | "home">): readonly string[] {
  const { XDG_RUNTIME_DIR: runtime } = env;
  const state = join(stateDirectory({ env, home }), "connections");
  return runtime !== undefined && isAbsolute(runtime) ? [join(runtime, "otto-connections"), state] : [state];
}

/** The connections of hosts with `ssh_options.persist` that outlive the command that opened them. */
export async function listConnections(place: Pick<SshEnvironment, "env" | "home">): Promise<KeptSshConnection[]> {
  return listKeptConnections(keptConnectionDirectories(place));
}
