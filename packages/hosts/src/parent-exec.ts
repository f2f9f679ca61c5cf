import type { RemoteProcess, SpawnOptions } from "ssh2-streamer";
import { type Command, type CommandResult, toArgv } from "./command.js";
import { runToEnd } from "./command-run.js";
import { HostShells } from "./host-shell.js";
import type { ParentExecOptions } from "./parent.js";
import { ShellSession } from "./shell-session.js";

/** Whatever starts processes on a parent. */
export type Spawn = (argv: readonly string[], options: SpawnOptions) => Promise<RemoteProcess>;

/** Runs a command to its end. */
export function execOnParent(spawn: Spawn, command: Command, options: ParentExecOptions): Promise<CommandResult> {
  const { env, cwd } = options;
  return runToEnd((signal) => spawn(toArgv(command), { env, cwd, signal, lifetime: "short" }), options);
}

/** The shells that a parent keeps. */
export function openParentShells(spawn: Spawn): HostShells {
  return new HostShells((signal) =>
    ShellSession.open((argv, ending) => spawn(argv, { signal: ending, lifetime: "long" }), signal),
  );
}
