import type { Numbers, ParsedText } from "./parsed-text.js";

type Parse = (text: string, numbers?: Numbers) => ParsedText;

const loadYaml = async () => (await import("./yaml-format.js")).parseYaml;

/** A parser is loaded with the first file of its format. */
const parsers: Readonly<Record<string, () => Promise<Parse>>> = {
  ".json": async () => (await import("./json-format.js")).parseJson,
  ".toml": async () => (await import("./toml-format.js")).parseToml,
  ".yaml": loadYaml,
  ".yml": loadYaml,
};

/** Whether a file of this extension, with its dot, can be read. */
export function isFormat(extension: string): boolean {
  return Object.hasOwn(parsers, extension.toLowerCase());
}

/** The parser for a file name's extension, with its dot; each throws a `SyntaxProblem`. */
export async function loadParser(extension: string): Promise<Parse | undefined> {
  return parsers[extension.toLowerCase()]?.();
}
