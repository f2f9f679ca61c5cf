import { posix } from "node:path";
import { type FileReference, type LocalDisk, type ResolvedPath, shortHash } from "../disk/local-disk.js";
import { composeError } from "../text/compose-error.js";
import { type Dotenv, DotenvError, dotenvVariables, evaluateDotenv, fixDotenv, parseDotenv } from "../text/dotenv.js";
import { type Location, wholeFile } from "../text/location.js";
import type { Lookup } from "../text/template.js";
import { isParentVariable } from "./parent-variable.js";

/** A file of variables, read. */
export interface EnvFile {
  readonly resolved: ResolvedPath;
  /** As users know it, symbolic links followed. */
  readonly file: string;
  readonly dotenv: Dotenv;
  readonly lookup: Lookup;
  readonly kind: "dotenv" | "env_file";
  readonly location: Location;
  readonly required: boolean;
  /** Where it, or the text that takes its place, is in the staged tree. */
  readonly remotePath: string;
  /** Variables of which the parent has values of its own would get into it: its text must change. */
  readonly isFixed: boolean;
}

export interface EnvFileReference extends FileReference {
  readonly kind: EnvFile["kind"];
  readonly required: boolean;
  readonly format?: "dotenv" | "raw";
}

/** @throws OttoError `COMPOSE_FILE_MISSING`, `COMPOSE_FILE_INVALID` and those of {@link LocalDisk.resolve}. */
export async function loadEnvFile(disk: LocalDisk, lookup: Lookup, reference: EnvFileReference): Promise<EnvFile> {
  const { local, location, kind, required, format } = reference;
  const { text, resolved } = await disk.readText(local, location);
  const dotenv = atFile(disk.display(local.path), () => parseDotenv(text, format));
  const isFixed = dotenvVariables(dotenv).some(isParentVariable);
  const remotePath = isFixed ? rewrittenPath(resolved.remotePath) : resolved.remotePath;
  const file = disk.display(resolved.localPath);
  return { resolved, file, dotenv, lookup, kind, location, required, remotePath, isFixed };
}

/**
 * `.env` of a directory, where there is one. As Compose, it takes a directory of that name for nothing.
 * @throws OttoError those of {@link loadEnvFile}
 */
export async function findEnvFile(disk: LocalDisk, lookup: Lookup, directory: string): Promise<EnvFile | undefined> {
  const local = disk.pathOf(".env", directory);
  const entry = await disk.stat(local.path);
  if (entry === undefined || entry.kind === "directory") return undefined;
  const location = wholeFile(disk.display(local.path));
  return loadEnvFile(disk, lookup, { local, location, kind: "dotenv", required: false });
}

/**
 * Looks names up in `outer` first, then in the files, the last of which wins.
 *
 * @throws OttoError `COMPOSE_FILE_INVALID`, `COMPOSE_VARIABLE_UNSET`.
 */
export function lookupIn(outer: Lookup, files: readonly EnvFile[]): Lookup {
  const values = new Map<string, string>();
  const lookup: Lookup = (name) => outer(name) ?? values.get(name);
  for (const { dotenv, file } of files) {
    for (const [name, value] of atFile(file, () => evaluateDotenv(dotenv, lookup))) values.set(name, value);
  }
  return lookup;
}

/** The file's text for the parent. `isUsed` says whether anything uses a variable of the file. */
export function formatEnvFile(
  { dotenv, lookup, kind, file, isFixed }: EnvFile,
  isUsed: (name: string) => boolean,
): string {
  if (!isFixed) return dotenv.text;
  const isWanted = kind === "env_file" ? () => true : isUsed;
  return atFile(file, () => fixDotenv(dotenv, { lookup, isFixed: isParentVariable, isWanted }));
}

function atFile<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DotenvError)) throw error;
    const code = error.variable === undefined ? "COMPOSE_FILE_INVALID" : "COMPOSE_VARIABLE_UNSET";
    throw composeError(code, { file, line: error.line, key: "" }, error.message);
  }
}

/** Where the text goes that takes the place of a file on the parent: beside the mirrored tree, which stays as it is. */
function rewrittenPath(remotePath: string): string {
  return posix.join("compose", shortHash(remotePath), posix.basename(remotePath));
}
