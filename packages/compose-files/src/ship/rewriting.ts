import { posix } from "node:path";
import { relativePath } from "../disk/local-path.js";
import { shortHash } from "../disk/locator.js";
import type { ComposeDocument, DocumentGroup, Link, LinkTarget } from "../model/compose-document.js";
import { isParentVariable } from "../model/parent-variable.js";
import { findBareVariables, namesIn, scalarsOf } from "../model/variables.js";
import { siteKey } from "../paths/shipping.js";
import { composeError } from "../text/faults.js";
import { escapeDollars, formatTemplate } from "../text/template.js";
import type { ScalarTree } from "../text/yaml-tree.js";

export interface Rewriting {
  readonly groups: readonly DocumentGroup[];
  readonly links: readonly Link[];
  /** Where relative paths of a group start from in the staged tree as long as its documents stay as they are. */
  readonly baseOf: (group: DocumentGroup) => string;
}

/** What each document is to be on the parent. */
export interface Placement {
  remotePathOf(document: ComposeDocument): string;
  /** `undefined` where the document stays as it is. */
  contentOf(document: ComposeDocument): string | undefined;
  editsOf(document: ComposeDocument): Edits;
  /** Where the group's relative paths start from. */
  baseOf(group: DocumentGroup): string;
  isMoved(group: DocumentGroup): boolean;
}

/** The new text of scalars, by {@link siteKey}. */
export type Edits = ReadonlyMap<string, Edit>;

export interface Edit {
  readonly scalar: ScalarTree;
  readonly text: string;
  /** What is written instead of the text, as YAML. */
  readonly yaml?: string | undefined;
}

/**
 * Decides which documents need another text, and where that goes. A document with another text has another place, so
 * those that name it need another text too: repeated until nothing more moves.
 */
export function planRewriting(rewriting: Rewriting): Placement {
  const moved = new Set<ComposeDocument>();
  for (const group of rewriting.groups) if (mustMove(group, rewriting.baseOf(group))) moveGroup(group, moved);
  for (;;) {
    const placement = createPlacement(rewriting, moved);
    const documents = rewriting.groups.flatMap((group) => group.documents);
    const restless = documents.filter((document) => !moved.has(document) && placement.editsOf(document).size > 0);
    if (restless.length === 0) return placement;
    for (const document of restless) {
      if (document.group.kind === "compose") moved.add(document);
      else moveGroup(document.group, moved);
    }
  }
}

/**
 * Some versions of Compose (compose-go 2.0.2) take the paths of an included file from that file's own directory, others
 * from `project_directory`: when the file itself lies there, all agree. Variables that Compose finds beside an included
 * file must lie beside it on the parent too.
 */
function mustMove(group: DocumentGroup, remoteBase: string): boolean {
  const [first] = group.documents;
  if (group.kind !== "include" || first === undefined) return false;
  const isElsewhere = group.hasOwnBase && group.base !== posix.dirname(first.path);
  const { impliedEnvFile } = group;
  return isElsewhere || (impliedEnvFile !== undefined && impliedEnvFile.remotePath !== posix.join(remoteBase, ".env"));
}

function moveGroup(group: DocumentGroup, moved: Set<ComposeDocument>): void {
  for (const document of group.documents) moved.add(document);
}

function createPlacement(rewriting: Rewriting, movedNow: ReadonlySet<ComposeDocument>): Placement {
  const moved = new Set(movedNow);
  const isMoved = (group: DocumentGroup) => group.kind !== "compose" && group.documents.some((one) => moved.has(one));
  const baseOf = (group: DocumentGroup) => (isMoved(group) ? movedDirectory(group) : rewriting.baseOf(group));
  const remotePathOf = (document: ComposeDocument) => {
    return moved.has(document) ? movedPath(document) : document.located.remotePath;
  };
  const place = (target: LinkTarget) => {
    if ("document" in target) return remotePathOf(target.document);
    return "base" in target ? baseOf(target.base) : target.remotePath;
  };
  const editsOf = (document: ComposeDocument) => {
    const own = rewriting.links.filter(({ scalar }) => scalar.site.documentId === document.id);
    const from = (link: Link) => (link.from === undefined ? baseOf(document.group) : place(link.from));
    return collectEdits(
      document,
      own.map((link) => ({ link, from: from(link), to: place(link.to) })),
    );
  };
  const contentOf = (document: ComposeDocument) =>
    moved.has(document) ? editText(document.text, editsOf(document)) : undefined;
  return { remotePathOf, contentOf, editsOf, baseOf, isMoved };
}

function movedDirectory(group: DocumentGroup): string {
  return posix.join("compose", shortHash(group.key));
}

function movedPath(document: ComposeDocument): string {
  const { group, located } = document;
  const name = posix.basename(located.remotePath);
  const index = group.documents.indexOf(document);
  if (group.kind === "compose") return posix.join("compose", shortHash(`${index} ${located.remotePath}`), name);
  return posix.join(movedDirectory(group), index === 0 ? name : `${index}-${name}`);
}

interface PlacedLink {
  readonly link: Link;
  readonly from: string;
  readonly to: string;
}

function collectEdits(document: ComposeDocument, links: readonly PlacedLink[]): Edits {
  const edits = new Map<string, Edit>();
  const put = (scalar: ScalarTree, text: string | undefined, yaml?: string) => {
    if (text === undefined) return;
    const earlier = edits.get(siteKey(scalar));
    if (earlier !== undefined && earlier.text !== text) {
      throw composeError("COMPOSE_PATH_UNSUPPORTED", scalar.place, "one value stands for two different paths");
    }
    edits.set(siteKey(scalar), { scalar, text, yaml });
  };
  for (const placed of links) put(placed.link.scalar, linkText(placed));
  const { lookup } = document.group;
  for (const tree of document.trees) {
    for (const { name, scalar } of findBareVariables(tree)) {
      if (!isParentVariable(name)) continue;
      const value = lookup(name);
      if (value !== undefined) put(scalar, bareText(scalar, name, value));
      else put(scalar, "", "!reset null");
    }
    for (const scalar of scalarsOf(tree)) {
      if (!edits.has(siteKey(scalar)) && namesIn(scalar).some(isParentVariable)) {
        put(scalar, formatTemplate(scalar.template ?? [], lookup, isParentVariable));
      }
    }
  }
  return edits;
}

/** `undefined` where the path as it stands leads to the right place. */
function linkText({ link, from, to }: PlacedLink): string | undefined {
  const { scalar, path, before, behind } = link;
  const isRelative = !path.startsWith("/") && !path.startsWith("~") && !namesIn(scalar).some(isParentVariable);
  if (isRelative && posix.join(from, path).replace(/\/+$/, "") === to) return undefined;
  return escapeDollars(before + relativePath(from, to) + behind);
}

function bareText(scalar: ScalarTree, name: string, value: string): string {
  const text = escapeDollars(value);
  return scalar.isNull ? text : `${name}=${text}`;
}

/** Everything but the edited scalars stays byte for byte, comments too. A JSON text is a YAML text. */
function editText(text: string, edits: Edits): string {
  const ordered = [...edits.values()].sort((a, b) => a.scalar.site.range[0] - b.scalar.site.range[0]);
  let edited = "";
  let position = 0;
  for (const { scalar, text: value, yaml = JSON.stringify(value) } of ordered) {
    const [start, end] = scalar.site.range;
    const before = start === end ? emptyValuePrefix(text, start) : "";
    const behind = text.slice(start, end).endsWith("\n") ? "\n" : "";
    edited += `${text.slice(position, start)}${before}${yaml}${behind}`;
    position = end;
  }
  return edited + text.slice(position);
}

/** A key without a value stands with its colon, or in a flow mapping without. */
function emptyValuePrefix(text: string, position: number): string {
  return text.slice(0, position).trimEnd().endsWith(":") ? " " : ": ";
}
