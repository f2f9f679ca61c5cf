import { posix } from "node:path";
import { shortHash } from "../disk/local-disk.js";
import { relativePath } from "../disk/local-path.js";
import type { ComposeDocument, DocumentGroup, Link, LinkTarget } from "../model/document.js";
import { isParentVariable } from "../model/parent-variable.js";
import { findBareVariables, namesIn, scalarsOf } from "../model/variables.js";
import { composeError } from "../text/compose-error.js";
import { escapeDollars, formatTemplate } from "../text/template.js";
import { nodeKey, type ScalarTree } from "../text/yaml-tree.js";

/** What the documents are to be on the parent. */
export interface Rewriting {
  readonly groups: ReadonlyMap<DocumentGroup, RewrittenGroup>;
  readonly documents: ReadonlyMap<ComposeDocument, RewrittenDocument>;
}

export interface RewrittenGroup {
  /** Where its relative paths start from in the staged tree. */
  readonly base: string;
  /** Whether its documents lie beside the mirrored tree. */
  readonly isMoved: boolean;
}

export interface RewrittenDocument {
  readonly remotePath: string;
  readonly edits: Edits;
  /** `undefined` where the document stays as it is. */
  readonly content: string | undefined;
}

/** The new text of scalars, by {@link nodeKey}. */
export type Edits = ReadonlyMap<string, Edit>;

export interface Edit {
  readonly scalar: ScalarTree;
  readonly text: string;
  /** What is written instead of the text, as YAML. */
  readonly yaml?: string | undefined;
}

/** Where relative paths of each group start from in the staged tree as long as its documents stay as they are. */
export type RemoteBases = ReadonlyMap<DocumentGroup, string>;

/**
 * Decides which documents need another text, and where that goes. A document with another text has another path, so
 * those that name it need another text too: repeated until nothing more moves.
 *
 * @throws OttoError `COMPOSE_PATH_UNSUPPORTED` for a value that cannot be rewritten.
 */
export function planRewriting(links: readonly Link[], bases: RemoteBases): Rewriting {
  let moved = new Set([...bases].flatMap(([group, base]) => (mustMove(group, base) ? group.documents : [])));
  for (;;) {
    const rewriting = rewrite(links, bases, moved);
    const unmoved = [...bases.keys()].flatMap((group) => {
      const edited = group.documents.filter(
        (document) => !moved.has(document) && (rewriting.documents.get(document)?.edits.size ?? 0) > 0,
      );
      return edited.length > 0 && group.kind !== "compose" ? group.documents : edited;
    });
    if (unmoved.length === 0) return rewriting;
    moved = new Set([...moved, ...unmoved]);
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

function rewrite(links: readonly Link[], bases: RemoteBases, moved: ReadonlySet<ComposeDocument>): Rewriting {
  const groups = new Map(
    [...bases].map(([group, base]) => {
      const isMoved = group.kind !== "compose" && group.documents.some((document) => moved.has(document));
      return [group, { base: isMoved ? movedDirectory(group) : base, isMoved }] as const;
    }),
  );
  const remotePaths = new Map(
    [...bases.keys()].flatMap((group) =>
      group.documents.map((document, index) => {
        return [
          document,
          moved.has(document) ? movedPath(group, document, index) : document.resolved.remotePath,
        ] as const;
      }),
    ),
  );
  const pathOf = (target: LinkTarget) => {
    if ("remotePath" in target) return target.remotePath;
    return ("document" in target ? remotePaths.get(target.document) : groups.get(target.base)?.base) ?? "repo";
  };
  const documents = [...groups].flatMap(([group, { base }]) =>
    group.documents.map((document) => {
      const own = links.filter(({ scalar }) => scalar.node.documentId === document.id);
      const placed = own.map((link) => {
        return { link, from: link.from === undefined ? base : pathOf(link.from), to: pathOf(link.to) };
      });
      const edits = collectEdits(document, group, placed);
      const content = moved.has(document) ? editText(document.text, edits) : undefined;
      return [document, { remotePath: remotePaths.get(document) ?? "", edits, content }] as const;
    }),
  );
  return { groups, documents: new Map(documents) };
}

function movedDirectory(group: DocumentGroup): string {
  return posix.join("compose", shortHash(group.key));
}

function movedPath(group: DocumentGroup, { resolved }: ComposeDocument, index: number): string {
  const name = posix.basename(resolved.remotePath);
  if (group.kind === "compose") return posix.join("compose", shortHash(`${index} ${resolved.remotePath}`), name);
  return posix.join(movedDirectory(group), index === 0 ? name : `${index}-${name}`);
}

interface PlacedLink {
  readonly link: Link;
  readonly from: string;
  readonly to: string;
}

function collectEdits(document: ComposeDocument, { lookup }: DocumentGroup, links: readonly PlacedLink[]): Edits {
  const edits = new Map<string, Edit>();
  const put = (scalar: ScalarTree, text: string | undefined, yaml?: string) => {
    if (text === undefined) return;
    const earlier = edits.get(nodeKey(scalar));
    if (earlier !== undefined && earlier.text !== text) {
      throw composeError("COMPOSE_PATH_UNSUPPORTED", scalar.location, "one value stands for two different paths");
    }
    edits.set(nodeKey(scalar), { scalar, text, yaml });
  };
  for (const placed of links) put(placed.link.scalar, linkText(placed));
  for (const tree of document.trees) {
    for (const { name, scalar } of findBareVariables(tree)) {
      if (!isParentVariable(name)) continue;
      const value = lookup(name);
      if (value !== undefined) put(scalar, bareText(scalar, name, value));
      else put(scalar, "", "!reset null");
    }
    for (const scalar of scalarsOf(tree)) {
      if (!edits.has(nodeKey(scalar)) && namesIn(scalar).some(isParentVariable)) {
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
  const ordered = [...edits.values()].sort((a, b) => a.scalar.node.range[0] - b.scalar.node.range[0]);
  let edited = "";
  let position = 0;
  for (const { scalar, text: value, yaml = JSON.stringify(value) } of ordered) {
    const [start, end] = scalar.node.range;
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
