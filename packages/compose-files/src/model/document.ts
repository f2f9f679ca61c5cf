import type { FileReference, LocalDisk, ResolvedPath } from "../disk/local-disk.js";
import type { ComposeWarning } from "../project.js";
import { formatLocation, type Location } from "../text/location.js";
import type { Lookup } from "../text/template.js";
import { type MapTree, parseYamlTrees, type ScalarTree } from "../text/yaml-tree.js";
import type { EnvFile } from "./env-file.js";

/** Documents that are read as one: the command's files, those of one `include` entry, or one file that is extended. */
export interface DocumentGroup {
  readonly kind: "compose" | "include" | "extends";
  /** The same on every machine; unique in a project. */
  readonly key: string;
  /** The local directory that relative paths in it start from. */
  readonly base: string;
  /** For a base that is not that of the first file. */
  readonly hasOwnBase: boolean;
  readonly lookup: Lookup;
  /** Those that `lookup` was made of, but for the variables of the group around it. */
  readonly envFiles: readonly EnvFile[];
  /** One of them that is found by the file's place, not by its name. */
  readonly impliedEnvFile: EnvFile | undefined;
  readonly documents: readonly ComposeDocument[];
}

/** A group before its documents are read. */
export type GroupScope = Omit<DocumentGroup, "documents">;

export interface ComposeDocument {
  readonly id: string;
  /** As it was referred to, symbolic links not followed. */
  readonly path: string;
  readonly resolved: ResolvedPath;
  readonly text: string;
  /** The first location that asks for it. */
  readonly location: Location;
  readonly trees: readonly MapTree[];
}

/** A scalar with a path in it that the staged tree may have elsewhere. */
export interface Link {
  readonly scalar: ScalarTree;
  readonly path: string;
  /** The scalar's text before and behind the path. */
  readonly before: string;
  readonly behind: string;
  readonly to: LinkTarget;
  /** What the path starts from, when it is not the base of the scalar's group. */
  readonly from: LinkTarget | undefined;
}

export type LinkTarget =
  | { readonly document: ComposeDocument }
  | { readonly base: DocumentGroup }
  | { readonly remotePath: string };

/** A scalar that is nothing but a path. */
export function wholeLink(scalar: ScalarTree, to: LinkTarget): Link {
  return { scalar, path: scalar.text, before: scalar.prefix ?? "", behind: "", to, from: undefined };
}

export interface LoadedDocument {
  readonly document: ComposeDocument;
  readonly warnings: readonly ComposeWarning[];
}

/**
 * The document that is the `index`-th of its group.
 *
 * @throws OttoError `COMPOSE_FILE_MISSING`, `COMPOSE_FILE_INVALID` and those of {@link LocalDisk.resolve}.
 */
export async function loadDocument(
  disk: LocalDisk,
  { key, base, lookup }: GroupScope,
  { local, location }: FileReference,
  index = 0,
): Promise<LoadedDocument> {
  const { text, resolved } = await disk.readText(local, location);
  const id = `${key} ${index}`;
  const file = disk.display(local.path);
  const { trees, unset } = parseYamlTrees({ text, file, documentId: id, base, lookup });
  const document = { id, path: local.path, resolved, text, location, trees };
  return { document, warnings: unset.map(({ name, location: at }) => unsetWarning(name, at)) };
}

function unsetWarning(name: string, location: Location): ComposeWarning {
  const mention = formatLocation(location);
  const message = `${mention}: variable ${name} is not set, and becomes an empty text`;
  return { code: "COMPOSE_VARIABLE_NOT_SET", message, mention };
}
