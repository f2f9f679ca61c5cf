import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  type Scalar,
} from "yaml";
import { composeError } from "./compose-error.js";
import { type Location, wholeFile } from "./location.js";
import { interpolate, type Lookup, parseTemplate, type Template, TemplateError } from "./template.js";

export type Tree = ScalarTree | SeqTree | MapTree;

interface TreeNode {
  readonly location: Location;
  /** Compose's own tags: how a value goes over that of an earlier file. */
  readonly tag: "reset" | "override" | undefined;
}

export interface ScalarTree extends TreeNode {
  readonly kind: "scalar";
  /** With its variables replaced; empty for null. */
  readonly text: string;
  readonly isNull: boolean;
  /** As it was written, quotes and folding resolved. */
  readonly raw: string;
  /** `undefined` for what is not a string. */
  readonly template: Template | undefined;
  readonly node: SourceNode;
  /** `name=`, when the node is a list item of which `text` and `raw` are only the value. */
  readonly prefix?: string;
}

export interface SeqTree extends TreeNode {
  readonly kind: "seq";
  readonly items: readonly Tree[];
}

export interface MapTree extends TreeNode {
  readonly kind: "map";
  readonly entries: ReadonlyMap<string, Tree>;
}

/** Where a scalar, or the alias that stands for it, is in the text of its document. */
export interface SourceNode {
  /** Unique in a project. */
  readonly documentId: string;
  /** The directory that relative paths in the document start from; absolute. */
  readonly base: string;
  readonly range: readonly [number, number];
}

/** Equal for one scalar of one document, whichever aliases lead to it. */
export function nodeKey({ node }: ScalarTree): string {
  return `${node.documentId}:${node.range[0]}`;
}

export interface YamlText extends Pick<SourceNode, "documentId" | "base"> {
  readonly text: string;
  readonly file: string;
  readonly lookup: Lookup;
}

export interface YamlTrees {
  readonly trees: readonly MapTree[];
  readonly unset: readonly UnsetVariable[];
}

/** A variable that has no value where it stands, and becomes an empty text. */
export interface UnsetVariable {
  readonly name: string;
  readonly location: Location;
}

/** More than any real file has; what an alias bomb exceeds. */
const maxNodes = 100_000;

/**
 * Parses a compose file into one tree for each of its YAML documents: aliases and merge keys resolved, variables replaced.
 *
 * @throws OttoError `COMPOSE_FILE_INVALID`, `COMPOSE_VARIABLE_UNSET`.
 */
export function parseYamlTrees(source: YamlText): YamlTrees {
  const lineCounter = new LineCounter();
  const documents = parseAllDocuments(source.text, {
    lineCounter,
    prettyErrors: false,
    logLevel: "silent",
    strict: false,
  });
  const builders = (Array.isArray(documents) ? documents : []).map((document) => {
    return new TreeBuilder(source, document, lineCounter);
  });
  return {
    trees: builders.flatMap((builder) => builder.buildDocument() ?? []),
    unset: builders.flatMap(({ unset }) => unset),
  };
}

class TreeBuilder {
  readonly unset: UnsetVariable[] = [];
  readonly #source: YamlText;
  readonly #document: Document;
  readonly #lineCounter: LineCounter;
  readonly #open = new Set<Node>();
  #count = 0;

  constructor(source: YamlText, document: Document, lineCounter: LineCounter) {
    this.#source = source;
    this.#document = document;
    this.#lineCounter = lineCounter;
  }

  /** `undefined` for one that holds nothing. */
  buildDocument(): MapTree | undefined {
    const { errors, contents } = this.#document;
    const [error] = errors;
    if (error !== undefined) throw composeError("COMPOSE_FILE_INVALID", this.#locate(error.pos[0], ""), error.message);
    const tree = contents === null ? undefined : this.#build(contents, "");
    if (tree === undefined || (tree.kind === "scalar" && tree.isNull)) return undefined;
    if (tree.kind !== "map")
      throw composeError("COMPOSE_FILE_INVALID", tree.location, "the top level must be a mapping");
    return tree;
  }

  #locate(offset: number, key: string): Location {
    return { file: this.#source.file, line: Math.max(this.#lineCounter.linePos(offset).line, 1), key };
  }

  #build(node: Node, key: string): Tree {
    const range: readonly [number, number] = [node.range?.[0] ?? 0, node.range?.[1] ?? 0];
    const location = this.#locate(range[0], key);
    if (++this.#count > maxNodes)
      throw composeError("COMPOSE_FILE_INVALID", location, "aliases expand to too many values");
    const target = isAlias(node) ? node.resolve(this.#document) : node;
    if (target === undefined) throw composeError("COMPOSE_FILE_INVALID", location, "an alias has no anchor");
    const tag = target.tag === "!reset" ? "reset" : target.tag === "!override" ? "override" : undefined;
    if (isScalar(target)) return { ...this.#scalar(target, range, location), tag };
    if (!isCollection(target)) throw composeError("COMPOSE_FILE_INVALID", location, "unexpected kind of value");
    if (this.#open.has(target))
      throw composeError("COMPOSE_FILE_INVALID", location, "an alias lies inside its own anchor");
    this.#open.add(target);
    const tree = this.#collection(target, location);
    this.#open.delete(target);
    return { ...tree, tag };
  }

  /** A key of a flow mapping that stands without a colon. */
  #null(keyEnd: number, key: string): ScalarTree {
    const node = this.#nodeAt([keyEnd, keyEnd]);
    return { ...emptyScalar(this.#locate(keyEnd, key), node), isNull: true };
  }

  #scalar(scalar: Scalar, range: readonly [number, number], location: Location): Omit<ScalarTree, "tag"> {
    const { value } = scalar;
    const node = this.#nodeAt(range);
    const isNull = value === null || value === undefined;
    if (typeof value !== "string") {
      const text = isNull ? "" : (scalar.source ?? "");
      return { kind: "scalar", location, node, isNull, text, raw: text, template: undefined };
    }
    return { kind: "scalar", location, node, isNull, raw: value, ...this.#interpolate(value, location) };
  }

  #nodeAt(range: readonly [number, number]): SourceNode {
    const { documentId, base } = this.#source;
    return { documentId, base, range };
  }

  #interpolate(raw: string, location: Location): { text: string; template: Template } {
    try {
      const template = parseTemplate(raw);
      const { value, unset } = interpolate(template, this.#source.lookup);
      this.unset.push(...unset.map((name) => ({ name, location })));
      return { text: value, template };
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      const code = error.variable === undefined ? "COMPOSE_FILE_INVALID" : "COMPOSE_VARIABLE_UNSET";
      throw composeError(code, location, error.message);
    }
  }

  #collection(node: Node, location: Location): Omit<SeqTree, "tag"> | Omit<MapTree, "tag"> {
    if (isSeq(node)) {
      const items = node.items.map((item, index) => this.#build(item as Node, `${location.key}[${index}]`));
      return { kind: "seq", location, items };
    }
    const entries = new Map<string, Tree>();
    const merged: Tree[] = [];
    for (const pair of isMap(node) ? node.items : []) {
      if (!isScalar(pair.key)) throw composeError("COMPOSE_FILE_INVALID", location, "a key must be plain text");
      const name = String(pair.key.value);
      const isMerge = name === "<<" && pair.key.type === "PLAIN";
      const key = isMerge ? location.key : location.key === "" ? name : `${location.key}.${name}`;
      const value =
        pair.value === null ? this.#null(pair.key.range?.[1] ?? 0, key) : this.#build(pair.value as Node, key);
      if (isMerge) merged.push(...(value.kind === "seq" ? value.items : [value]));
      else entries.set(name, value);
    }
    return { kind: "map", location, entries: withMerged(entries, merged) };
  }
}

/** What a mapping says itself goes before what it merges in, and what is merged in first before the rest. */
function withMerged(own: Map<string, Tree>, merged: readonly Tree[]): Map<string, Tree> {
  for (const tree of merged) {
    if (tree.kind !== "map") throw composeError("COMPOSE_FILE_INVALID", tree.location, "a merge key needs a mapping");
    for (const [name, value] of tree.entries) if (!own.has(name)) own.set(name, value);
  }
  return own;
}

export function emptyScalar(location: Location, node: SourceNode): ScalarTree {
  return { kind: "scalar", location, node, isNull: false, text: "", raw: "", template: undefined, tag: undefined };
}

export function emptyTree(location: Location = wholeFile("")): MapTree {
  return { kind: "map", location, tag: undefined, entries: new Map() };
}

export function filterEntries(tree: MapTree, keeps: (name: string) => boolean): MapTree {
  return { ...tree, entries: new Map([...tree.entries].filter(([name]) => keeps(name))) };
}

export function mapAt(tree: Tree | undefined, ...keys: readonly string[]): MapTree | undefined {
  const found = at(tree, ...keys);
  return found?.kind === "map" ? found : undefined;
}

export function at(tree: Tree | undefined, ...keys: readonly string[]): Tree | undefined {
  let found = tree;
  for (const key of keys) found = found?.kind === "map" ? found.entries.get(key) : undefined;
  return found;
}

export function scalarAt(tree: Tree | undefined, ...keys: readonly string[]): ScalarTree | undefined {
  const found = at(tree, ...keys);
  return found?.kind === "scalar" && !found.isNull ? found : undefined;
}

export function textAt(tree: Tree | undefined, ...keys: readonly string[]): string | undefined {
  return scalarAt(tree, ...keys)?.text;
}

/** A list's items; a single value is a list of one. */
export function itemsOf(tree: Tree | undefined): readonly Tree[] {
  if (tree === undefined || (tree.kind === "scalar" && tree.isNull)) return [];
  return tree.kind === "seq" ? tree.items : [tree];
}

export function entriesOf(tree: Tree | undefined): readonly (readonly [string, Tree])[] {
  return tree?.kind === "map" ? [...tree.entries] : [];
}
