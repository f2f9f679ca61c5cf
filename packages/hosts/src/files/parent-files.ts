import type { RemoteProcess, SpawnOptions } from "ssh2-streamer";
import type { HostFiles } from "./host-files.js";
import { shellFiles } from "./shell-files.js";
import type { StartShell } from "./shell-process.js";

type Spawn = (argv: readonly string[], options: SpawnOptions) => Promise<RemoteProcess>;

/** The files of a machine that runs commands. Relative paths start where its logins do. */
export function parentFiles(name: string, spawn: Spawn): HostFiles {
  const start: StartShell = async (script, args, signal) => {
    const process = await spawn(["sh", "-c", script, "sh", ...args], { signal, lifetime: "short" });
    return { ...process, end: () => process.kill("SIGKILL") };
  };
  return shellFiles({ name, absolute: (path) => path, start });
}
