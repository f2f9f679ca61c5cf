import { parseJson } from "./json-format.js";
import type { Numbers, ParsedText } from "./parsed-text.js";
import { parseToml } from "./toml-format.js";
import { parseYaml } from "./yaml-format.js";

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
