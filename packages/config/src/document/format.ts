import { parseJson } from "./json-format.js";
import { parseToml } from "./toml-format.js";
import { parseYaml } from "./yaml-format.js";

/** Steps from the root of a document to a value. */
export type KeyPath = readonly PropertyKey[];

/** `plain`: JavaScript's; `exact`: whole numbers are `bigint`, so that `1.0` stays told apart from `1`. JSON is always plain. */
export type Numbers = "plain" | "exact";

/** A parsed text: plain data, and where its keys stand. */
export interface ParsedText {
  readonly data: unknown;
  /** The line, from 1, of the deepest part of `path` that exists; `undefined` where the parser keeps no positions. */
  lineOf(path: KeyPath): number | undefined;
}

type Parse = (text: string, numbers?: Numbers) => ParsedText;

const parsers: Readonly<Record<string, Parse>> = {
  ".json": parseJson,
  ".toml": parseToml,
  ".yaml": parseYaml,
  ".yml": parseYaml,
};

/** The parser for a file name's extension, with its dot; each throws a `SyntaxProblem`. */
export function parserFor(extension: string): Parse | undefined {
  return parsers[extension.toLowerCase()];
}
