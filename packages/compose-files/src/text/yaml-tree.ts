import {
  type Alias,
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
import { composeError } from "./faults.js";
import { interpolate, type Lookup, parseTemplate, type Template, TemplateError } from "./template.js";

/** A place in a compose file. */
export interface Place {
  /** As users know it: relative to the repo root where it lies inside. */
  readonly file: string;
  readonly line: number;
  /** `services.api.volumes[0]`; empty for the whole file. */
  readonly key: string;
}

export type Tree = ScalarTree | SeqTree | MapTree;

interface TreeNode {
  readonly place: Place;
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
  readonly site: Site;
  /** `name=`, when the site is a list item of which `text` and `raw` are only the value. */
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

/** Where in the text of its document a scalar, or the alias that stands for it, begins and ends. */
export interface Site {
  readonly documentId: number;
  readonly range: readonly [number, number];
}

export interface YamlText {
  readonly text: string;
  readonly file: string;
  readonly documentId: number;
  readonly lookup: Lookup;
  readonly onUnset: (name: string, place: Place) => void;
}

/** More than any real file has; what an alias bomb exceeds. */
const maxNodes = 100_000;

/**
 * Parses a compose file into one tree for each of its YAML documents: aliases and merge keys resolved, variables replaced.
 *
 * @throws OttoError `COMPOSE_FILE_INVALID`, `COMPOSE_VARIABLE_UNSET`.
 */
export function parseYamlTrees(source: YamlText): MapTree[] {
  const lineCounter = new LineCounter();
  const documents = parseAllDocuments(source.text, {
    lineCounter,
    prettyErrors: false,
    logLevel: "silent",
    strict: false,
  });
  if (!Array.isArray(documents)) return [];
  return documents.flatMap((document) => {
    const [error] = document.errors;
    const lineOf = (offset: number) => Math.max(lineCounter.linePos(offset).line, 1);
    if (error !== undefined) {
      throw composeError(
        "COMPOSE_FILE_INVALID",
        { file: source.file, line: lineOf(error.pos[0]), key: "" },
        error.message,
      );
    }
    const builder = new TreeBuilder(source, (node) => node.resolve(document) ?? undefined, lineOf);
    const tree = document.contents === null ? undefined : builder.build(document.contents, "");
    if (tree === undefined || (tree.kind === "scalar" && tree.isNull)) return [];
    if (tree.kind !== "map") throw composeError("COMPOSE_FILE_INVALID", tree.place, "the top level must be a mapping");
    return [tree];
  });
}

type Resolve = (alias: Alias) => Node | undefined;

class TreeBuilder {
  readonly #source: YamlText;
  readonly #resolve: Resolve;
  readonly #lineOf: (offset: number) => number;
  readonly #open = new Set<Node>();
  #count = 0;

  constructor(source: YamlText, resolve: Resolve, lineOf: (offset: number) => number) {
    this.#source = source;
    this.#resolve = resolve;
    this.#lineOf = lineOf;
  }

  build(node: Node, key: string): Tree {
    const range: readonly [number, number] = [node.range?.[0] ?? 0, node.range?.[1] ?? 0];
    const place = { file: this.#source.file, line: this.#lineOf(range[0]), key };
    if (++this.#count > maxNodes)
      throw composeError("COMPOSE_FILE_INVALID", place, "aliases expand to too many values");
    const target = isAlias(node) ? this.#resolve(node) : node;
    if (target === undefined) throw composeError("COMPOSE_FILE_INVALID", place, "an alias has no anchor");
    const tag = target.tag === "!reset" ? "reset" : target.tag === "!override" ? "override" : undefined;
    if (isScalar(target)) return { ...this.#scalar(target, range, place), tag };
    if (!isCollection(target)) throw composeError("COMPOSE_FILE_INVALID", place, "unexpected kind of value");
    if (this.#open.has(target))
      throw composeError("COMPOSE_FILE_INVALID", place, "an alias lies inside its own anchor");
    this.#open.add(target);
    const tree = this.#collection(target, place);
    this.#open.delete(target);
    return { ...tree, tag };
  }

  /** A key of a flow mapping that stands without a colon. */
  #null(keyEnd: number, key: string): ScalarTree {
    const place = { file: this.#source.file, line: this.#lineOf(keyEnd), key };
    const site = { documentId: this.#source.documentId, range: [keyEnd, keyEnd] as const };
    return { kind: "scalar", place, site, isNull: true, text: "", raw: "", template: undefined, tag: undefined };
  }

  #scalar(node: Scalar, range: readonly [number, number], place: Place): Omit<ScalarTree, "tag"> {
    const { value } = node;
    const site = { documentId: this.#source.documentId, range };
    const isNull = value === null || value === undefined;
    if (typeof value !== "string") {
      const text = isNull ? "" : (node.source ?? "");
      return { kind: "scalar", place, site, isNull, text, raw: text, template: undefined };
    }
    return { kind: "scalar", place, site, isNull, raw: value, ...this.#interpolate(value, place) };
  }

  #interpolate(raw: string, place: Place): { text: string; template: Template } {
    try {
      const template = parseTemplate(raw);
      const { value, unset } = interpolate(template, this.#source.lookup);
      for (const name of unset) this.#source.onUnset(name, place);
      return { text: value, template };
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      const code = error.variable === undefined ? "COMPOSE_FILE_INVALID" : "COMPOSE_VARIABLE_UNSET";
      throw composeError(code, place, error.message);
    }
  }

  #collection(node: Node, place: Place): Omit<SeqTree, "tag"> | Omit<MapTree, "tag"> {
    if (isSeq(node)) {
      const items = node.items.map((item, index) => this.build(item as Node, `${place.key}[${index}]`));
      return { kind: "seq", place, items };
    }
    const entries = new Map<string, Tree>();
    const merged: Tree[] = [];
    for (const pair of isMap(node) ? node.items : []) {
      if (!isScalar(pair.key)) throw composeError("COMPOSE_FILE_INVALID", place, "a key must be plain text");
      const name = String(pair.key.value);
      const isMerge = name === "<<" && pair.key.type === "PLAIN";
      const key = isMerge ? place.key : place.key === "" ? name : `${place.key}.${name}`;
      const value =
        pair.value === null ? this.#null(pair.key.range?.[1] ?? 0, key) : this.build(pair.value as Node, key);
      if (isMerge) merged.push(...(value.kind === "seq" ? value.items : [value]));
      else entries.set(name, value);
    }
    return { kind: "map", place, entries: withMerged(entries, merged) };
  }
}

/** What a mapping says itself goes before what it merges in, and what is merged in first before the rest. */
function withMerged(own: Map<string, Tree>, merged: readonly Tree[]): Map<string, Tree> {
  for (const tree of merged) {
    if (tree.kind !== "map") throw composeError("COMPOSE_FILE_INVALID", tree.place, "a merge key needs a mapping");
    for (const [name, value] of tree.entries) if (!own.has(name)) own.set(name, value);
  }
  return own;
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
