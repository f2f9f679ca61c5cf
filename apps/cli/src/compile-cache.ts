import { lstatSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { cacheDirectory } from "./cache-directory.js";

/**
 * Lets Node keep what it compiles of the bundle, so that the next start need not compile it again. The cache is in the user's
 * own cache directory, because whoever can write to it decides what runs; Node's default is a directory that all users share.
 * @param enable Node's `module.enableCompileCache`; `NODE_COMPILE_CACHE` takes precedence
 */
export function keepCompiled(enable: (directory: string) => unknown): void {
  const directory = join(cacheDirectory({ env: process.env, home: homedir() }), "compiled");
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    if (!isOwn(directory)) return;
  } catch {
    // A home that cannot be written to: every start compiles.
    return;
  }
  enable(directory);
}

/** Whether this user alone can write to it: `sudo` may leave root with another's home. */
function isOwn(directory: string): boolean {
  const { mode, uid } = lstatSync(directory);
  return uid === process.geteuid?.() && (mode & 0o022) === 0;
}
