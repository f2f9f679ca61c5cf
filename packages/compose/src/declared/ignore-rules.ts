import { posix } from "node:path";
import type { ComposeProject, LocalResource } from "@otto/compose-files";
import type { Repo } from "@otto/config";
import { cleanText, OttoError } from "@otto/errors";
import { localReader } from "./local-reader.js";

/**
 * The files, with the settings' ignore rules at the directories that services bind-mount.
 * @throws OttoError `COMPOSE_MOUNT_UNKNOWN` for rules of a directory that no service mounts
 */
export async function withIgnoreRules(repo: Repo, files: ComposeProject): Promise<ComposeProject> {
  const rules = repo.docker.composes.flatMap(({ bindMounts = [] }) => bindMounts);
  if (rules.length === 0) return files;
  const lines = new Map<string, readonly string[]>();
  for (const { path, ignore } of rules) {
    const localPath = (await localReader.stat(path))?.realPath;
    if (!isMounted(repo, files, { path, localPath })) throw notMounted(repo, files, path);
    if (localPath !== undefined) lines.set(localPath, [...(lines.get(localPath) ?? []), ...ignore]);
  }
  const resources = files.resources.map((resource) =>
    isMountedDirectory(resource) ? { ...resource, ignore: lines.get(resource.localPath) } : resource,
  );
  return { ...files, resources };
}

function isMounted(
  { root }: Repo,
  { resources, madeDirectories }: ComposeProject,
  { path, localPath }: { readonly path: string; readonly localPath: string | undefined },
): boolean {
  // Nothing is there: an empty directory is mounted.
  if (localPath === undefined) return madeDirectories.includes(posix.join("repo", posix.relative(root, path)));
  return resources.some((resource) => isMountedDirectory(resource) && resource.localPath === localPath);
}

function isMountedDirectory({ kind, entry }: LocalResource): boolean {
  return kind === "bind" && entry === "directory";
}

function notMounted({ name, root, settingsFile }: Repo, { resources }: ComposeProject, path: string): OttoError {
  const show = (local: string) => cleanText(posix.relative(root, local) || ".");
  const mounted = resources.filter(isMountedDirectory).map(({ localPath }) => show(localPath));
  const message = `reading the stack of ${name}: no service bind-mounts the directory ${show(path)} of [[docker.composes.bind_mounts]]`;
  return new OttoError("COMPOSE_MOUNT_UNKNOWN", message, {
    hint: `Correct its \`path\` in ${settingsFile}. ${mounted.length === 0 ? "No directory is mounted." : `Mounted directories: ${mounted.join(", ")}.`}`,
    details: { repo: name, path, mounted },
  });
}
