import type { FileReference, LocalDisk, ResolvedPath } from "../disk/local-disk.js";
import type { Location } from "../text/location.js";
import type { Lookup } from "../text/template.js";
import { parseYamlTrees, type ScalarTree, type YamlTrees } from "../text/yaml-tree.js";
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

export interface ComposeDocument extends YamlTrees {
  readonly id: string;
  /** As it was referred to, symbolic links not followed. */
  readonly path: string;
  readonly resolved: ResolvedPath;
  readonly text: string;
  /** The first location that asks for it. */
  readonly location: Location;
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
): Promise<ComposeDocument> {
  const { text, resolved } = await disk.readText(local, location);
  const id = `${key} ${index}`;
  const parsed = parseYamlTrees({ text, file: disk.display(local.path), documentId: id, base, lookup });
  return { id, path: local.path, resolved, text, location, ...parsed };
}
