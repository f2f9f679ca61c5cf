import { posix } from "node:path";
import type { LocalDisk } from "../disk/local-disk.js";
import type { ComposeSource } from "../project.js";
import { composeError } from "../text/compose-error.js";
import { wholeFile } from "../text/location.js";
import type { Lookup } from "../text/template.js";
import type { GroupScope } from "./document.js";
import { type EnvFile, findEnvFile, loadEnvFile, lookupIn } from "./env-file.js";
import { type LoadedGroup, loadGroup } from "./load-group.js";

/** The files that the command names, with all that they extend and include. The command's group is the first one. */
export interface LoadedProject extends LoadedGroup {
  /** Active ones. */
  readonly profiles: readonly string[];
}

/** @throws OttoError `COMPOSE_FILE_INVALID` where the files hold nothing, and those of reading them. */
export async function loadProject(source: ComposeSource, disk: LocalDisk): Promise<LoadedProject> {
  const base = posix.resolve(source.projectDirectory ?? posix.dirname(source.files[0] ?? ""));
  const scope = await commandScope(source, disk, base);
  const files = source.files.map((path) => {
    return { local: disk.pathOf(path, base), location: wholeFile(disk.display(path)) };
  });
  const chain = files.map(({ local }) => local.path);
  const loaded = await loadGroup(disk, scope, files, chain);
  const [first] = files;
  if (loaded.tree.entries.size === 0 && first !== undefined)
    throw composeError("COMPOSE_FILE_INVALID", first.location, "it is empty");
  return { ...loaded, profiles: activeProfiles(source, scope.lookup) };
}

async function commandScope(source: ComposeSource, disk: LocalDisk, base: string): Promise<GroupScope> {
  const given: Lookup = (name) => {
    return name === "COMPOSE_PROJECT_NAME" && source.projectName !== undefined
      ? source.projectName
      : source.environment[name];
  };
  const envFiles = await commandEnvFiles(source, disk, { given, base });
  const lookup = lookupIn(given, envFiles);
  return { kind: "compose", key: "compose", base, hasOwnBase: true, lookup, envFiles, impliedEnvFile: undefined };
}

async function commandEnvFiles(
  { envFiles }: ComposeSource,
  disk: LocalDisk,
  { given, base }: { given: Lookup; base: string },
): Promise<EnvFile[]> {
  if (envFiles === undefined) {
    const found = await findEnvFile(disk, given, base);
    return found === undefined ? [] : [found];
  }
  const files: EnvFile[] = [];
  for (const path of envFiles) {
    const reference = { local: disk.pathOf(path, base), location: wholeFile(disk.display(path)) };
    files.push(await loadEnvFile(disk, given, { ...reference, kind: "dotenv", required: true }));
  }
  return files;
}

/** Those that are given, else those that the environment names. */
function activeProfiles(source: ComposeSource, lookup: Lookup): readonly string[] {
  if (source.profiles !== undefined && source.profiles.length > 0) return source.profiles;
  return (lookup("COMPOSE_PROFILES") ?? "").split(",").filter((profile) => profile !== "");
}
