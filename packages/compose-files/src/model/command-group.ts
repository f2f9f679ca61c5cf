import { posix } from "node:path";
import { resolveLocalPath } from "../disk/local-path.js";
import type { ComposeSource } from "../project.js";
import { composeError } from "../text/faults.js";
import type { Lookup } from "../text/template.js";
import type { MapTree } from "../text/yaml-tree.js";
import type { DocumentGroup, EnvFile } from "./compose-document.js";
import { loadGroup } from "./load-group.js";
import { findEnvFile, type Loading, loadEnvFile, lookupIn } from "./loading.js";

/** The group of the files that the command names, and the files of variables that it starts with. */
export async function createCommandGroup(
  loading: Loading,
): Promise<{ command: DocumentGroup; envFiles: readonly EnvFile[] }> {
  const { source } = loading;
  const base = posix.resolve(source.projectDirectory ?? posix.dirname(source.files[0] ?? ""));
  const given: Lookup = (name) => {
    return name === "COMPOSE_PROJECT_NAME" && source.projectName !== undefined
      ? source.projectName
      : source.environment[name];
  };
  const envFiles = await commandEnvFiles(loading, given, base);
  const lookup = lookupIn(loading, given, envFiles);
  const command: DocumentGroup = {
    ...{ kind: "compose", key: "compose", base, hasOwnBase: true, lookup, documents: [], impliedEnvFile: undefined },
  };
  loading.groups.push(command);
  return { command, envFiles };
}

async function commandEnvFiles(loading: Loading, given: Lookup, base: string): Promise<EnvFile[]> {
  const { envFiles, home } = loading.source;
  if (envFiles === undefined) {
    const found = await findEnvFile(loading, given, base);
    return found === undefined ? [] : [found];
  }
  const files: EnvFile[] = [];
  for (const path of envFiles) {
    const local = resolveLocalPath(path, base, home);
    const place = { file: loading.locator.display(path), line: 0, key: "" };
    files.push(await loadEnvFile(loading, given, { local, place, kind: "dotenv", required: true }));
  }
  return files;
}

/** @throws OttoError `COMPOSE_FILE_INVALID` where the files hold nothing, and those of reading them. */
export async function loadCommand(loading: Loading, command: DocumentGroup): Promise<MapTree> {
  const { files, home } = loading.source;
  const mentions = files.map((path) => {
    return {
      local: resolveLocalPath(path, command.base, home),
      place: { file: loading.locator.display(path), line: 0, key: "" },
    };
  });
  const project = await loadGroup(
    loading,
    command,
    mentions,
    mentions.map(({ local }) => local.path),
  );
  const [first] = mentions;
  if (project.entries.size === 0 && first !== undefined)
    throw composeError("COMPOSE_FILE_INVALID", first.place, "it is empty");
  return project;
}

/** Those that are given, else those that the environment names. */
export function activeProfiles(source: ComposeSource, lookup: Lookup): readonly string[] {
  if (source.profiles !== undefined && source.profiles.length > 0) return source.profiles;
  return (lookup("COMPOSE_PROFILES") ?? "").split(",").filter((profile) => profile !== "");
}
