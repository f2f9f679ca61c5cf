import { posix } from "node:path";
import { describeFileError, isOttoError } from "@otto/errors";
import { type LocalPath, resolveLocalPath } from "../disk/local-path.js";
import { type Located, type Locator, shortHash } from "../disk/locator.js";
import type { ComposeSource, ComposeWarning, LocalReader } from "../project.js";
import { DotenvError, dotenvVariables, evaluateDotenv, fixDotenv, parseDotenv } from "../text/dotenv.js";
import { composeError, mentionOf } from "../text/faults.js";
import type { Lookup } from "../text/template.js";
import { type MapTree, type Place, parseYamlTrees } from "../text/yaml-tree.js";
import type { ComposeDocument, DocumentGroup, EnvFile, Link } from "./compose-document.js";
import type { DefaultContext } from "./default-context.js";
import { isParentVariable } from "./parent-variable.js";

/** What has been read of one project so far. */
export interface Loading {
  readonly source: ComposeSource;
  readonly reader: LocalReader;
  readonly locator: Locator;
  readonly groups: DocumentGroup[];
  readonly links: Link[];
  readonly defaultContexts: DefaultContext[];
  readonly envFiles: EnvFile[];
  readonly warnings: Map<string, ComposeWarning>;
  /** See {@link ComposeProject}. */
  readonly madeDirectories: Set<string>;
  documentCount: number;
}

/** A file that a group is to hold, and who asks for it. */
export interface FileMention {
  readonly local: LocalPath;
  readonly place: Place;
}

export function emptyTree(place: Place = { file: "", line: 0, key: "" }): MapTree {
  return { kind: "map", place, tag: undefined, entries: new Map() };
}

/** @throws OttoError `COMPOSE_FILE_MISSING`, `COMPOSE_FILE_INVALID` and those of {@link Locator.locate}. */
export async function loadDocument(
  loading: Loading,
  group: DocumentGroup,
  { local, place }: FileMention,
): Promise<ComposeDocument> {
  const located = await loading.locator.locate(local, place);
  const text = await readText(loading, local, located, place);
  const id = loading.documentCount++;
  const trees = parseYamlTrees({
    text,
    file: loading.locator.display(local.path),
    documentId: id,
    lookup: group.lookup,
    onUnset: (name, at) => warnUnset(loading, name, at),
  });
  const document = { id, group, path: local.path, located, text, place, trees };
  group.documents.push(document);
  return document;
}

function warnUnset({ warnings }: Loading, name: string, place: Place): void {
  const mention = mentionOf(place);
  const message = `${mention}: variable ${name} is not set, and becomes an empty text`;
  warnings.set(`${name} ${mention}`, { code: "COMPOSE_VARIABLE_NOT_SET", message, mention });
}

export interface EnvFileMention extends FileMention {
  readonly kind: EnvFile["kind"];
  readonly required: boolean;
  readonly format?: "dotenv" | "raw";
}

/** @throws OttoError `COMPOSE_FILE_MISSING`, `COMPOSE_FILE_INVALID` and those of {@link Locator.locate}. */
export async function loadEnvFile(loading: Loading, lookup: Lookup, mention: EnvFileMention): Promise<EnvFile> {
  const { local, place, kind, required, format } = mention;
  const located = await loading.locator.locate(local, place);
  const text = await readText(loading, local, located, place);
  const file = loading.locator.display(local.path);
  const dotenv = atFile(file, () => parseDotenv(text, format));
  const isFixed = dotenvVariables(dotenv).some(isParentVariable);
  const remotePath = isFixed ? rewrittenPath(located.remotePath) : located.remotePath;
  const envFile = { located, dotenv, lookup, kind, place, required, remotePath, isFixed };
  loading.envFiles.push(envFile);
  return envFile;
}

/**
 * Looks names up in `outer` first, then in the files, the last of which wins.
 *
 * @throws OttoError `COMPOSE_FILE_INVALID`, `COMPOSE_VARIABLE_UNSET`.
 */
export function lookupIn(loading: Loading, outer: Lookup, files: readonly EnvFile[]): Lookup {
  const values = new Map<string, string>();
  for (const { dotenv, located } of files) {
    const known: Lookup = (name) => outer(name) ?? values.get(name);
    const own = atFile(loading.locator.display(located.localPath), () => evaluateDotenv(dotenv, known));
    for (const [name, value] of own) values.set(name, value);
  }
  return (name) => outer(name) ?? values.get(name);
}

/** The file's text for the parent; `isUsed` tells whether anything asks for a variable of it. */
export function fixEnvFile({ locator }: Loading, file: EnvFile, isUsed: (name: string) => boolean): string {
  const { dotenv, lookup, kind, located } = file;
  if (!file.isFixed) return dotenv.text;
  const isWanted = kind === "env_file" ? () => true : isUsed;
  return atFile(locator.display(located.localPath), () =>
    fixDotenv(dotenv, { lookup, isFixed: isParentVariable, isWanted }),
  );
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

async function readText(
  { reader, locator }: Loading,
  local: LocalPath,
  located: Located,
  place: Place,
): Promise<string> {
  const path = locator.display(local.path);
  if (located.entry === "directory") throw composeError("COMPOSE_FILE_INVALID", place, `${path} is a directory`);
  const text = await reader.readText(located.localPath).catch((cause: unknown) => {
    if (isOttoError(cause)) throw cause;
    throw composeError("COMPOSE_FILE_INVALID", place, `${path}: ${describeFileError(cause)}`);
  });
  if (text === undefined) throw composeError("COMPOSE_FILE_MISSING", place, `${path} cannot be read`);
  return text;
}

/**
 * `.env` of a directory, where there is one. As Compose, it takes a directory of that name for nothing.
 * @throws OttoError those of {@link loadEnvFile}
 */
export async function findEnvFile(loading: Loading, lookup: Lookup, directory: string): Promise<EnvFile | undefined> {
  const local = resolveLocalPath(".env", directory, loading.source.home);
  const entry = await loading.reader.stat(local.path);
  if (entry === undefined || entry.kind === "directory") return undefined;
  const place = { file: loading.locator.display(posix.join(directory, ".env")), line: 0, key: "" };
  return loadEnvFile(loading, lookup, { local, place, kind: "dotenv", required: false });
}

/** Where the text goes that takes the place of a file on the parent: beside the mirrored tree, which stays as it is. */
export function rewrittenPath(remotePath: string): string {
  return posix.join("compose", shortHash(remotePath), posix.basename(remotePath));
}
