import type { Located } from "../disk/locator.js";
import type { Dotenv } from "../text/dotenv.js";
import type { Lookup } from "../text/template.js";
import type { MapTree, Place, ScalarTree } from "../text/yaml-tree.js";

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
  readonly documents: ComposeDocument[];
  /** Variables of the group's own that are found by the file's place, not by its mention. */
  readonly impliedEnvFile: EnvFile | undefined;
}

export interface ComposeDocument {
  readonly id: number;
  readonly group: DocumentGroup;
  /** As it was mentioned, symbolic links not followed. */
  readonly path: string;
  readonly located: Located;
  readonly text: string;
  /** The first place that asks for it. */
  readonly place: Place;
  readonly trees: readonly MapTree[];
}

/** A file of variables, read. */
export interface EnvFile {
  readonly located: Located;
  readonly dotenv: Dotenv;
  readonly lookup: Lookup;
  readonly kind: "dotenv" | "env_file";
  readonly place: Place;
  readonly required: boolean;
  /** Where it, or the text that takes its place, is in the staged tree. */
  readonly remotePath: string;
  /** Variables of which the parent has values of its own would get into it: its text must change. */
  readonly isFixed: boolean;
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
