import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { StackOrigin } from "@otto/compose";
import type { Repo } from "@otto/config";
import type { Lab } from "@otto/host-registry";
import { userAndMachine } from "./current-user.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** Who brings a stack up here, and from what commit: asked of git when it is called. */
export function originOf(repo: Repo, lab: Lab): () => Promise<StackOrigin> {
  return async () => ({ user: userAndMachine(), commit: await readCommit(repo.root, lab.sshEnvironment.env) });
}

/** A checkout that is so large that git takes longer has no commit in labels. */
const gitTimeoutMs = 5000;

/**
 * The commit of a checkout, with `-dirty` behind it where tracked files differ from it, as `git describe --dirty` has it; undefined: it is no
 * checkout, or there is no git. Never rejects.
 */
export async function readCommit(root: string, env: Environment): Promise<string | undefined> {
  // Within a hook of git's, they name the repository that it is about.
  const own = Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("GIT_")));
  const words = ["status", "--porcelain=v2", "--branch", "--untracked-files=no"];
  // A lock would be in the way of the user's own git, and a monitor of files is a program that the checkout names.
  const argv = ["--no-optional-locks", "-c", "core.fsmonitor=false", "-C", root, ...words];
  try {
    const options = { env: own, timeout: gitTimeoutMs, maxBuffer: 1 << 26 };
    return parseCommit((await promisify(execFile)("git", argv, options)).stdout);
  } catch {
    return undefined;
  }
}

/** Reads what `git status --porcelain=v2 --branch` prints. */
export function parseCommit(status: string): string | undefined {
  const [, commit] = /^# branch\.oid ([0-9a-f]{40,64})$/m.exec(status) ?? [];
  if (commit === undefined) return undefined;
  const isDirty = status.split("\n").some((line) => line !== "" && !line.startsWith("#"));
  return isDirty ? `${commit}-dirty` : commit;
}
