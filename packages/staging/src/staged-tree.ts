import { cleanText, OttoError } from "@otto/errors";
import type { Parent } from "@otto/hosts";
import { packTree, type TreeFile } from "./pack-tree.js";

export interface StagingOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface StageTreeOptions extends StagingOptions {
  /** Further directories to make, relative to the tree. */
  readonly directories?: readonly string[] | undefined;
}

/**
 * Where a stack's files lie on the parent: under `docker.staging_root`, else `otto` in the login's cache directory.
 * @param project a Compose project name
 * @returns an absolute path
 */
export async function stagedDirectory(parent: Parent, project: string, options: StagingOptions = {}): Promise<string> {
  const root = parent.docker.stagingRoot ?? (await cacheDirectory(parent, options));
  return `${root}/stacks/${project}`;
}

/**
 * Puts files into a stack's directory on the parent, which only the login may read. Files that are there already are
 * replaced, others stay.
 * @throws OttoError `STAGING_FAILED`
 */
export async function stageTree(
  parent: Parent,
  remoteDir: string,
  files: readonly TreeFile[],
  options: StageTreeOptions = {},
): Promise<void> {
  const directories = (options.directories ?? []).map((directory) => `${remoteDir}/${directory}`);
  await run(parent, ["mkdir", "-p", "-m", "700", remoteDir, ...directories], options);
  const tar = packTree(files);
  try {
    await parent.sendTree(tar, remoteDir, options);
  } finally {
    tar.destroy();
  }
}

/** Removes what {@link stageTree} put there. An absent directory is fine. */
export async function removeStagedTree(parent: Parent, remoteDir: string, options: StagingOptions = {}): Promise<void> {
  await run(parent, ["rm", "-rf", remoteDir], options);
}

async function cacheDirectory(parent: Parent, options: StagingOptions): Promise<string> {
  const directory = (await run(parent, `printf %s "\${XDG_CACHE_HOME:-$HOME/.cache}"`, options)).toString();
  if (!directory.startsWith("/")) {
    throw new OttoError("STAGING_FAILED", `staging on ${parent.id}: its login has no home directory`, {
      hint: "Set docker.staging_root of the host.",
      details: { host: parent.id },
    });
  }
  return `${directory}/otto`;
}

async function run(parent: Parent, command: string | readonly string[], options: StagingOptions): Promise<Buffer> {
  const result = await parent.exec(command, options);
  if (result.exitCode === 0) return result.stdout;
  throw new OttoError("STAGING_FAILED", `staging on ${parent.id}: ${cleanText(result.stderr.toString()).trim()}`, {
    hint: "Check that the login may write there, or set docker.staging_root of the host.",
    details: { host: parent.id },
  });
}
