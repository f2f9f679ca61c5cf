import { spawn } from "node:child_process";

/**
 * Ends a process of this user when our own is gone, killed or not. A master with a command that runs on would serve nobody for
 * as long as that does: sshd closes the session when the command ends.
 * @returns ends the guard, not the process
 */
export function guardProcess(pid: number): () => void {
  // It reads the end of its stdin. A session of its own: an interrupt from the terminal is none for it.
  const guard = spawn("/bin/sh", ["-c", 'read -r _; kill "$1"', "otto-guard", String(pid)], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  guard.on("error", () => {});
  guard.stdin.on("error", () => {});
  guard.unref();
  return () => void guard.kill("SIGKILL");
}
